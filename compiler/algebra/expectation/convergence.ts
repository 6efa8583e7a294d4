/**
 * Whether the expectation of an exponential of a quadratic form exists: the real
 * part of M (`quadratic.ts`) must be positive definite, whatever q and k are.
 */
import { rowText, text } from './express.ts'
import { determinant, fromIdentity, type Matrix, product } from './matrix.ts'
import { largerPoints } from './points.ts'
import { entry, type Quadratic } from './quadratic.ts'
import { asConstant, constant, multiply, realPart, scale, subtract } from './ring/arithmetic.ts'
import { mentions } from './ring/atoms.ts'
import { evaluate, type Point } from './ring/evaluate.ts'
import { isNonnegativeSum, power } from './ring/functions.ts'
import { sumOver } from './ring/sums.ts'
import { OutOfReach, type Value } from './ring/value.ts'

/** An expectation is infinite, or undefined, at some rows; the message is the condition that fails there. */
export class Divergent extends Error {
  readonly point: Point

  constructor(condition: string, point: Point) {
    super(condition)
    this.point = point
  }
}

/** An expectation that exists for small rows may cease to for larger ones. */
const growth = [1, 2, 4, 8, 16]

/** @throws Divergent, or OutOfReach where it cannot be told */
export function convergence({ diagonal, directions, coupling }: Quadratic, dim: number): void {
  const alpha = realPart(diagonal)
  const real = coupling.map((row) => row.map(realPart))
  const points = largerPoints(dim, growth)
  if (!isPositive(alpha)) {
    const point = points.find((candidate) => least(alpha, candidate, dim) <= 0)
    if (point !== undefined) throw new Divergent(positivity(alpha, dim), point)
    throw new OutOfReach(`whether ${text(alpha, dim)} is positive for all rows`)
  }
  if (principalMinors(real).every((minor) => isNonnegativeSum(minor))) return
  const variance = power(alpha, -1)
  const gram = directions.map((b) => directions.map((c) => sumOver(entry, dim, multiply(b, c, variance))))
  const shrink = determinant(fromIdentity(product(real, gram)))
  // One direction changes one eigenvalue, so the determinant tells.
  if (directions.length === 1 && isPositive(shrink)) return
  const point = points.find((candidate) => evaluate(shrink, candidate).re <= 0)
  if (point !== undefined) throw new Divergent(`${text(shrink, dim)} > 0`, point)
  throw new OutOfReach(`whether ${text(shrink, dim)} is positive for all rows`)
}

function positivity(alpha: Value, dim: number): string {
  if (mentions(alpha, entry)) return `${rowText(alpha, entry, dim)} > 0, entry by entry`
  const here = asConstant(alpha) === undefined ? 'being' : 'which is'
  return `1 - 2 * a > 0 with a before dot(w, w), ${here} ${text(alpha, dim)} here`
}

/** A positive constant and nothing negative beside it. */
function isPositive(value: Value): boolean {
  const base = value.find(({ factors, exponent }) => factors.length === 0 && exponent.length === 0)
  const least = base?.coefficient.re ?? 0
  return least > 0 && isNonnegativeSum(subtract(value, constant(least)))
}

function least(value: Value, point: Point, dim: number): number {
  const number = asConstant(value)
  if (number !== undefined) return number.re
  if (!mentions(value, entry)) return evaluate(value, point).re
  const entries = Array.from({ length: dim }, (_, at) => evaluate(value, point, { [entry]: at }).re)
  return Math.min(...entries)
}

/** Of −C: it is positive semidefinite exactly when none of them is negative. */
function principalMinors(coupling: Matrix): Value[] {
  const chosen = Array.from({ length: 2 ** coupling.length - 1 }, (_, set) =>
    coupling.map((__, n) => n).filter((n) => ((set + 1) >> n) & 1),
  )
  return chosen.map((rows) =>
    determinant(rows.map((i) => rows.map((j) => scale(coupling[i]?.[j] ?? [], -1)))),
  )
}
