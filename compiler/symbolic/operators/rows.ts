/** Operators that see a whole row. `components.ts` says what each is entry by entry. */
import { scalar, vector } from '../expression.ts'
import { vectors } from './operator.ts'
import type { RowOperator } from './operator.ts'

type Value = number | Float64Array

const entries = (value: Value | undefined): Float64Array =>
  value instanceof Float64Array ? value : Float64Array.of(value ?? 0)

const total = (row: Float64Array): number => row.reduce((sum, entry) => sum + entry, 0)
const largest = (row: Float64Array): number => row.reduce((a, b) => Math.max(a, b), -Infinity)

export const rows = {
  dot: {
    type: vectors(2, ([a, b]) =>
      a === b ? scalar : `expected vectors of one size, found sizes ${a} and ${b}`,
    ),
    evaluate: (a: Value, b: Value) => {
      const right = entries(b)
      return total(entries(a).map((entry, index) => entry * (right[index] ?? Number.NaN)))
    },
  },
  sum: { type: vectors(1, () => scalar), evaluate: (a: Value) => total(entries(a)) },
  mean: { type: vectors(1, () => scalar), evaluate: (a: Value) => total(entries(a)) / entries(a).length },
  /** Euclidean. */
  norm: {
    type: vectors(1, () => scalar),
    evaluate: (a: Value) => Math.sqrt(total(entries(a).map((entry) => entry * entry))),
  },
  /** The largest entry. */
  maximum: { type: vectors(1, () => scalar), evaluate: (a: Value) => largest(entries(a)) },
  softmax: {
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
    type: vectors(2, ([a, b]) => vector((a ?? 0) * (b ?? 0))),
    evaluate: (a: Value, b: Value) => {
      const right = entries(b)
      return Float64Array.from([...entries(a)].flatMap((left) => [...right].map((entry) => left * entry)))
    },
  },
} satisfies Record<string, RowOperator>
