/** The number that a value is at given rows. */
import { InvariantError } from '../../../diagnostics/invariant.ts'
import { scalarOperator } from '../../../symbolic/operators.ts'
import { type Complex, exponential, isFinite, plus, raised, real, size, times } from './complex.ts'
import type { Atom, FunctionAtom, Term, Value } from './value.ts'

/** Numbers for the rows and the scalars of a value. */
export interface Point {
  readonly rows: Readonly<Record<string, ArrayLike<number>>>
  readonly scalars: Readonly<Record<string, number>>
}

type Indices = Readonly<Record<string, number>>

/** The value at a point; `indices` are those that are free in it. */
export function evaluate(value: Value, point: Point, indices: Indices = {}): Complex {
  let sum = real(0)
  for (const part of value) sum = plus(sum, termAt(part, point, indices))
  return sum
}

/** NaN where the value has an imaginary part beyond rounding. */
export function evaluateReal(value: Value, point: Point): number {
  const { re, im } = evaluate(value, point)
  return Math.abs(im) <= 1e-9 * Math.max(1, Math.abs(re)) ? re : Number.NaN
}

/** The sum of the sizes of the terms: what rounding is relative to. */
export const magnitude = (value: Value, point: Point): number =>
  value.reduce((sum, part) => sum + size(termAt(part, point, {})), 0)

function termAt({ coefficient, factors, exponent }: Term, point: Point, indices: Indices): Complex {
  let product = coefficient
  for (const { atom, power } of factors) {
    const base = atomAt(atom, point, indices)
    product = times(product, power === 1 ? base : powerAt(base, power))
  }
  if (exponent.length === 0) return product
  return times(product, exponential(evaluate(exponent, point, indices)))
}

/** A root of a negative number is not a number, as it is in the language. */
const powerAt = (base: Complex, power: number): Complex =>
  base.im === 0 && base.re < 0 && !Number.isInteger(power) ? real(Number.NaN) : raised(base, power)

/** As `atoms.ts` and `lift.ts` make them. */
const indexName = /^(#.*|t\d*)$/

const closedAtoms = new WeakMap<Point, Map<string, Complex>>()

/** An atom without free indices is one number at a point, and is found once. */
function atomAt(atom: Atom, point: Point, indices: Indices): Complex {
  if (atom.depth === 0 || [...atom.names].some((name) => indexName.test(name)))
    return openAtomAt(atom, point, indices)
  const found = closedAtoms.get(point) ?? new Map<string, Complex>()
  closedAtoms.set(point, found)
  const known = found.get(atom.key) ?? openAtomAt(atom, point, indices)
  found.set(atom.key, known)
  return known
}

function openAtomAt(atom: Atom, point: Point, indices: Indices): Complex {
  switch (atom.kind) {
    case 'scalar':
      return real(valueOf(point.scalars[atom.name], atom.name))
    case 'entry':
      return real(valueOf(point.rows[atom.row]?.[valueOf(indices[atom.index], atom.index)], atom.row))
    case 'sum': {
      let sum = real(0)
      for (let at = 0; at < atom.size; at++)
        sum = plus(sum, termAt(atom.body, point, { ...indices, [atom.index]: at }))
      return sum
    }
    case 'maximum': {
      let most = -Infinity
      for (let at = 0; at < atom.size; at++)
        most = Math.max(most, evaluate(atom.body, point, { ...indices, [atom.index]: at }).re)
      return real(most)
    }
    case 'function':
      return functionAt(atom, point, indices)
    case 'group':
      return evaluate(atom.body, point, indices)
  }
}

function functionAt({ name, args }: FunctionAtom, point: Point, indices: Indices): Complex {
  const values = args.map((arg) => evaluate(arg, point, indices))
  if (name === 'sphericalMean')
    return sphericalMean(values[0] ?? real(Number.NaN), values[1]?.re ?? Number.NaN)
  const record = scalarOperator(name)
  if (record === undefined) throw new InvariantError(`${name} is an operator on numbers`)
  return real(values.some(({ im }) => im !== 0) ? Number.NaN : record.value(...values.map(({ re }) => re)))
}

/**
 * The mean of exp(w·u) over w uniform on the sphere of radius √d, as a function of z = u·u:
 * Σ_n (d·z/4)ⁿ / (n!·(d/2)_n).
 */
function sphericalMean(z: Complex, dim: number): Complex {
  let sum = real(1)
  let part = real(1)
  for (let n = 1; n < 5000; n++) {
    part = times(part, times(z, real(dim / 4 / (n * (dim / 2 + n - 1)))))
    sum = plus(sum, part)
    if (!isFinite(part) || size(part) < 1e-17 * size(sum)) break
  }
  return sum
}

function valueOf(value: number | undefined, name: string): number {
  if (value === undefined) throw new InvariantError(`${name} has a value at the point`)
  return value
}
