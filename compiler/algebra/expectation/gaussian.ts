/**
 * Expectations over a row w ~ N(0, I).
 *
 * A term is c·p(w)·exp(quadratic form in w), p a polynomial. Completing the
 * square turns it into the expectation of p alone over another normal law:
 *
 *     E[p(w)·exp(w·u + ½·wᵀ(1 − M)w)] = det(M)^(−½)·exp(½·uᵀM⁻¹u)·E[p(w′)],
 *     w′ ~ N(M⁻¹u, M⁻¹),
 *
 * which holds for complex u by continuation, and exists only where the real part
 * of M is positive definite. With M = D − B·C·Bᵀ, D diagonal, and G = Bᵀ·D⁻¹·B,
 *
 *     det M = det D · det(1 − C·G)
 *     M⁻¹   = D⁻¹ + D⁻¹·B·K·Bᵀ·D⁻¹,     K = (1 − C·G)⁻¹·C.
 *
 * The polynomial follows by Stein's lemma, E[w_t·h] = μ_t·E[h] + Σ_s Cov_ts·E[∂h/∂w_s],
 * which lowers its degree by at least one each time.
 */
import { convergence } from './convergence.ts'
import { adjugate, at, determinant, fromIdentity, type Matrix, product } from './matrix.ts'
import {
  entry,
  momentOf,
  projection,
  type Quadratic,
  quadraticOf,
  seesProjection,
  splitTerm,
  wholePowerOf,
} from './quadratic.ts'
import { add, atomic, exponential, multiply, one, scale, zero } from './ring/arithmetic.ts'
import { entryAtom, mentions, term } from './ring/atoms.ts'
import { applied, power } from './ring/functions.ts'
import { sumOver } from './ring/sums.ts'
import { OutOfReach, type Term, type Value } from './ring/value.ts'

/** The expectation of one term, and how its square was completed. */
export interface Completed {
  readonly term: Term
  readonly value: Value
  readonly quadratic: Quadratic
  /** p(w), and its mean under the law that completing the square leaves. */
  readonly polynomial: Value
  readonly polynomialMean: Value
  /** det(M)^(−½). */
  readonly factor: Value
  /** ½·uᵀM⁻¹u. */
  readonly gain: Value
}

/** @throws Divergent where it is infinite or undefined, OutOfReach where it has no closed form here */
export function gaussianMean(part: Term, dim: number): Completed {
  const { outside, inside } = splitTerm(part)
  const quadratic = quadraticOf(part.exponent)
  convergence(quadratic, dim)
  const law = completeSquare(quadratic, dim)
  const before = [term(outside.coefficient, outside.weight, outside.factors, quadratic.rest)]
  const polynomial = multiply(...inside.map((factor) => atomic(factor.atom, wholePowerOf(factor))))
  const mean = polynomialMean(polynomial, law, dim)
  return {
    term: part,
    value: multiply(before, law.factor, exponential(law.gain), mean),
    quadratic,
    polynomial,
    polynomialMean: mean,
    factor: law.factor,
    gain: law.gain,
  }
}

/** N(μ, Cov), Cov = D⁻¹ + D⁻¹·B·K·Bᵀ·D⁻¹; entries at `entry`. */
interface Law {
  readonly factor: Value
  readonly gain: Value
  readonly mean: Value
  /** 1/α_t. */
  readonly variance: Value
  /** b_i/α. */
  readonly directions: readonly Value[]
  readonly correction: Matrix
}

/** N(0, I). */
export const standard: Law = {
  factor: one,
  gain: zero,
  mean: zero,
  variance: one,
  directions: [],
  correction: [],
}

const over = (dim: number, value: Value): Value => sumOver(entry, dim, value)

const mostDirections = 3

function completeSquare({ linear, diagonal, directions, coupling }: Quadratic, dim: number): Law {
  if (directions.length > mostDirections) throw new OutOfReach(`squares of ${directions.length} projections`)
  const variance = power(diagonal, -1)
  const gram = directions.map((b) => directions.map((c) => over(dim, multiply(b, c, variance))))
  const reduced = fromIdentity(product(coupling, gram))
  const shrink = determinant(reduced)
  const inverse = adjugate(reduced).map((row) => row.map((value) => multiply(value, power(shrink, -1))))
  const correction = product(inverse, coupling)
  const onto = directions.map((b) => over(dim, multiply(b, linear, variance)))
  const scaled = directions.map((b) => multiply(b, variance))
  const pulled = onto.map((_, i) => add(...onto.map((value, j) => multiply(at(correction, i, j), value))))
  const straight = scale(over(dim, multiply(linear, linear, variance)), 0.5)
  const bent = scale(add(...pulled.map((value, i) => multiply(value, onto[i] ?? zero))), 0.5)
  return {
    factor: multiply(rootOfDiagonal(diagonal, dim), power(shrink, -0.5)),
    gain: add(straight, bent),
    mean: add(multiply(linear, variance), ...pulled.map((value, i) => multiply(value, scaled[i] ?? zero))),
    variance,
    directions: scaled,
    correction,
  }
}

/** Π_t α_t^(−½), which is α^(−d/2) where α_t is the same for all t. */
function rootOfDiagonal(diagonal: Value, dim: number): Value {
  if (!mentions(diagonal, entry)) return power(diagonal, -dim / 2)
  return exponential(scale(over(dim, applied('log', [diagonal], 'written')), -0.5))
}

const mostSteps = 24

/** E[p(w)] under a normal law. */
export function polynomialMean(polynomial: Value, law: Law, dim: number): Value {
  let known = zero
  let rest = polynomial
  for (let step = 0; rest.length > 0; step++) {
    if (step > mostSteps) throw new OutOfReach('a polynomial of a degree this high')
    const done = rest.filter((part) => !seesProjection([part]))
    const open = rest.filter((part) => seesProjection([part]))
    known = add(known, done)
    rest = add(...open.map((part) => steinStep(part, law, dim)))
  }
  return known
}

/**
 * With g = Σ_t m_t·w_tⁿ and the other factors h = Π (Σ_s m′_s·w_sⁿ′)ᵖ:
 *
 *     E[g·h] = E[Σ m·μ·wⁿ⁻¹ · h] + (n−1)·E[Σ m·Cov_tt·wⁿ⁻² · h]
 *            + Σ p·n′·E[(Σ_ts m_t·w_tⁿ⁻¹·Cov_ts·m′_s·w_sⁿ′⁻¹) · h/(Σ m′·wⁿ′)]
 */
function steinStep(part: Term, law: Law, dim: number): Value {
  const { outside, inside } = splitTerm(part)
  const [first, ...others] = inside
  if (first === undefined) return [part]
  const { weight, degree } = momentOf(first)
  const remaining = multiply(
    ...(wholePowerOf(first) > 1 ? [atomic(first.atom, first.power - 1)] : []),
    ...others.map(({ atom, power }) => atomic(atom, power)),
  )
  const sum = (...factors: readonly Value[]): Value => over(dim, multiply(...factors))
  const pulled = multiply(sum(weight, law.mean, raised(degree - 1)), remaining)
  const own = degree < 2 ? zero : scale(sum(weight, ownVariance(law), raised(degree - 2)), degree - 1)
  const results = [pulled, multiply(own, remaining)]
  for (const factor of [...(first.power > 1 ? [{ ...first, power: first.power - 1 }] : []), ...others]) {
    const other = momentOf(factor)
    const shared = sum(weight, other.weight, law.variance, raised(degree + other.degree - 2))
    const crossed = law.directions.flatMap((b, i) =>
      law.directions.map((c, j) =>
        multiply(
          at(law.correction, i, j),
          sum(weight, b, raised(degree - 1)),
          sum(other.weight, c, raised(other.degree - 1)),
        ),
      ),
    )
    const fewer = multiply(remaining, atomic(factor.atom, -1))
    results.push(scale(multiply(add(shared, ...crossed), fewer), wholePowerOf(factor) * other.degree))
  }
  return multiply([outside], add(...results))
}

/** Cov_tt. */
const ownVariance = ({ variance, directions, correction }: Law): Value =>
  add(
    variance,
    ...directions.flatMap((b, i) => directions.map((c, j) => multiply(at(correction, i, j), b, c))),
  )

/** w_tⁿ. */
const raised = (degree: number): Value => (degree === 0 ? one : atomic(entryAtom(projection, entry), degree))
