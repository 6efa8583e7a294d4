/**
 * What orthogonal rows gain (Choromanski et al., "Rethinking attention with
 * Performers", ICLR 2021, Theorem 2).
 *
 * Let F(w) be a constant plus c·cosh(w·u) up to odd parts, with c ≥ 0. All the
 * coefficients of its power series are non-negative, and for two rows of one block
 *
 *     Cov(F(w₁), F(w₂)) ≤ −2/(d + 2)·(E[F] − F(0))²,
 *
 * so their mean varies less than that of independent rows. The variance falls by
 * this for each ordered pair of rows that share a block, over m².
 */
import type { Moments } from './moments.ts'
import { quadraticOf, seesProjection } from './quadratic.ts'
import { add, isReal, multiply, one, scale, subtract } from './ring/arithmetic.ts'
import { keyOf, term } from './ring/atoms.ts'
import { isNonnegativeSum } from './ring/functions.ts'
import type { Value } from './ring/value.ts'

/** 2/(d + 2)·(E[F] − F(0))², where the theorem applies. */
export function orthogonalGap({ integrand, mean }: Moments, dim: number): Value | undefined {
  const moving = integrand.filter((part) => seesProjection([part]))
  const directions = new Set<string>()
  let atZero: Value = integrand.filter((part) => !seesProjection([part]))
  for (const part of moving) {
    const { coefficient, weight, factors, exponent } = part
    if (factors.some(({ atom }) => atom.names.has('w')) || !isReal(exponent)) return undefined
    if (!isAffine(exponent)) return undefined
    const { linear, rest } = quadraticOf(exponent)
    const before = [term(coefficient, weight, factors, rest)]
    if (!isNonnegativeSum(before)) return undefined
    directions.add([keyOf(linear), keyOf(scale(linear, -1))].sort().join('|'))
    atZero = add(atZero, before)
  }
  if (directions.size !== 1) return undefined
  const gap = subtract(mean, atZero)
  return scale(multiply(gap, gap), 2 / (dim + 2))
}

const isAffine = (exponent: Value): boolean => {
  const { diagonal, directions } = quadraticOf(exponent)
  return directions.length === 0 && keyOf(diagonal) === keyOf(one)
}

/** Ordered pairs of different rows in one block: blocks of dim rows, the last one short. */
export function pairsInBlocks(rows: number, dim: number): number {
  const last = rows % dim
  return Math.floor(rows / dim) * dim * (dim - 1) + last * (last - 1)
}
