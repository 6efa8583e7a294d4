/** Operators that see a whole row. `components.ts` defines each entry by entry. */
import { scalar, vector } from '../expression.ts'
import { vectors } from './operator.ts'
import type { RowOperator } from './operator.ts'

type Value = number | Float64Array

const entries = (value: Value | undefined): Float64Array =>
  value instanceof Float64Array ? value : Float64Array.of(value ?? 0)

function total(row: Float64Array): number {
  let sum = 0
  for (const entry of row) sum += entry
  return sum
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let n = 0; n < a.length; n++) sum += (a[n] ?? Number.NaN) * (b[n] ?? Number.NaN)
  return sum
}

function largest(row: Float64Array): number {
  let most = -Infinity
  for (const entry of row) most = Math.max(most, entry)
  return most
}

const ofVector = { parameters: 'a', about: 'of a vector' }

/** Row operators by name. */
export const rows = {
  dot: {
    call: { parameters: 'a, b', about: 'of two vectors of one size' },
    type: vectors(2, ([a, b]) =>
      a === b ? scalar : `expected vectors of one size, found sizes ${a} and ${b}`,
    ),
    evaluate: (a: Value, b: Value) => product(entries(a), entries(b)),
  },
  sum: {
    call: ofVector,
    type: vectors(1, () => scalar),
    evaluate: (a: Value) => total(entries(a)),
  },
  mean: {
    call: ofVector,
    type: vectors(1, () => scalar),
    evaluate: (a: Value) => total(entries(a)) / entries(a).length,
  },
  /** Euclidean. */
  norm: {
    call: ofVector,
    type: vectors(1, () => scalar),
    evaluate: (a: Value) => Math.sqrt(product(entries(a), entries(a))),
  },
  /** The largest entry. */
  maximum: {
    call: { parameters: 'a', about: 'the largest entry of a vector' },
    type: vectors(1, () => scalar),
    evaluate: (a: Value) => largest(entries(a)),
  },
  softmax: {
    call: ofVector,
    type: vectors(1, ([size]) => vector(size ?? 0)),
    evaluate: (a: Value) => {
      const top = largest(entries(a))
      const weights = entries(a).map((entry) => Math.exp(entry - top))
      const sum = total(weights)
      return weights.map((weight) => weight / sum)
    },
  },
  /** Row-major: entry t is a[⌊t/p⌋]·b[t mod p] with p the length of b. */
  outer: {
    call: { parameters: 'a, b', about: 'of two vectors' },
    type: vectors(2, ([a, b]) => vector((a ?? 0) * (b ?? 0))),
    evaluate: (a: Value, b: Value) => {
      const left = entries(a)
      const right = entries(b)
      const entryAt = (n: number): number =>
        (left[Math.floor(n / right.length)] ?? 0) * (right[n % right.length] ?? 0)
      return Float64Array.from({ length: left.length * right.length }, (_, n) => entryAt(n))
    },
  },
} satisfies Record<string, RowOperator>
