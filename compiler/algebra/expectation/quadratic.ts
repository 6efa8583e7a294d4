/**
 * Reads an exponent as a quadratic form in the projection row w:
 *
 *     exponent = rest + Σ_t u_t·w_t + ½·Σ_t (1 − α_t)·w_t² + ½·Σ_ij C_ij (w·b_i)(w·b_j)
 *
 * so that beside the normal density exp(−½‖w‖²) the quadratic part in all is
 * −½·wᵀMw with M = diag(α) − B·C·Bᵀ.
 */
import { add, multiply, one, scale, subtract, zero } from './ring/arithmetic.ts'
import { mentions, term } from './ring/atoms.ts'
import { real } from './ring/complex.ts'
import { renameIndex } from './ring/sums.ts'
import { type Factor, OutOfReach, type SumAtom, type Term, type Value } from './ring/value.ts'

/** The name of a projection row. */
export const projection = 'w'
/** The index under which entries of a projection row are written here. */
export const entry = '#t'

/** The parts of the form above, under the names that it has there. */
export interface Quadratic {
  /** Without w. */
  readonly rest: Value
  /** u_t, at `entry`. */
  readonly linear: Value
  /** α_t, at `entry` where it depends on it. */
  readonly diagonal: Value
  /** b_i, at `entry`. */
  readonly directions: readonly Value[]
  /** C, symmetric. */
  readonly coupling: readonly (readonly Value[])[]
}

/** Σ_t m_t·w_tⁿ: what w is allowed to occur in. */
export interface Moment {
  /** m_t, at `entry`, without w. */
  readonly weight: Value
  readonly degree: number
}

/** Whether a value depends on w. */
export const seesProjection = (value: Value): boolean => mentions(value, projection)

/** The factors of a term that see w, and the term without them. */
export function splitTerm({ coefficient, weight, factors, exponent }: Term): {
  readonly outside: Term
  readonly inside: readonly Factor[]
} {
  const inside = factors.filter(({ atom }) => atom.names.has(projection))
  const outside = factors.filter(({ atom }) => !atom.names.has(projection))
  return { outside: term(coefficient, weight, outside, exponent), inside }
}

/** @throws OutOfReach where w occurs in any other way */
export function momentOf({ atom }: Factor): Moment {
  if (atom.kind === 'function') throw new OutOfReach(`the expectation of ${atom.name} of a projection`)
  if (atom.kind === 'group') throw new OutOfReach('the expectation of a root or a quotient of projections')
  if (atom.kind !== 'sum') throw new OutOfReach('the expectation of the largest entry of a projection')
  return momentOfSum(atom)
}

function momentOfSum({ index, body }: SumAtom): Moment {
  let degree = 0
  const others: Factor[] = []
  for (const factor of body.factors) {
    const { atom, power } = factor
    if (atom.kind === 'entry' && atom.row === projection && atom.index === index) degree = power
    else others.push(factor)
  }
  const weight = [term(real(1), 1, others, body.exponent)]
  if (!Number.isInteger(degree) || degree < 1 || seesProjection(weight))
    throw new OutOfReach('the expectation of a function of the single entries of a projection')
  return { weight: renameIndex(weight, index, entry), degree }
}

/** @throws OutOfReach where the exponent is no quadratic form in w */
export function quadraticOf(exponent: Value): Quadratic {
  const rest = exponent.filter((part) => !seesProjection([part]))
  let linear = zero
  let diagonal = one
  const directions: Value[] = []
  const keys: string[] = []
  const entries = new Map<string, Value>()
  const direction = ({ atom }: Factor, { weight }: Moment): number => {
    const known = keys.indexOf(atom.key)
    return known >= 0 ? known : (keys.push(atom.key), directions.push(weight) - 1)
  }
  for (const part of exponent) {
    if (!seesProjection([part])) continue
    const { outside, inside } = splitTerm(part)
    if (seesProjection(outside.exponent))
      throw new OutOfReach('the expectation of an exponential of an exponential')
    const factors = inside.flatMap((factor) =>
      Array.from({ length: wholePowerOf(factor) }, () => ({ factor, moment: momentOf(factor) })),
    )
    const degree = factors.reduce((sum, { moment }) => sum + moment.degree, 0)
    const [a, b] = factors
    if (degree > 2 || a === undefined) throw new OutOfReach(`an exponent of degree ${degree} in w`)
    if (degree === 1) linear = add(linear, multiply([outside], a.moment.weight))
    else if (b === undefined) diagonal = subtract(diagonal, scale(multiply([outside], a.moment.weight), 2))
    else {
      const [i, j] = [direction(a.factor, a.moment), direction(b.factor, b.moment)]
      for (const [row, column] of [
        [i, j],
        [j, i],
      ] as const) {
        const at = `${row},${column}`
        entries.set(at, add(entries.get(at) ?? zero, [outside]))
      }
    }
  }
  const coupling = directions.map((_, i) => directions.map((__, j) => entries.get(`${i},${j}`) ?? zero))
  return { rest, linear, diagonal, directions, coupling }
}

/** What can only be a polynomial in w. */
export function wholePowerOf({ power }: Factor): number {
  if (Number.isInteger(power) && power > 0) return power
  throw new OutOfReach(`the expectation of a power ${power} of projections`)
}

/** Nothing but ‖w‖² and linear forms, with a number before ‖w‖². */
export const isPlain = ({ diagonal, directions }: Quadratic): boolean =>
  directions.length === 0 && !mentions(diagonal, entry)

/** As a polynomial in w; infinite where w is in an exponent or in a function. */
export function degreeInProjection(value: Value): number {
  return Math.max(0, ...value.map(degreeOfTerm))
}

function degreeOfTerm({ factors, exponent }: Term): number {
  if (seesProjection(exponent)) return Infinity
  const inside = factors.filter(({ atom }) => atom.names.has(projection))
  if (inside.some(({ atom }) => atom.kind !== 'sum')) return Infinity
  return inside.reduce((sum, factor) => sum + wholePowerOf(factor) * momentOf(factor).degree, 0)
}
