/** Operators on the entries of rows: which of them, in which order, turned, or mixed by a matrix. */
import { scalar, vector } from '../expression.ts'
import { kinds, likeFirst, sizeOfType, vectors } from './operator.ts'
import type { RowOperator } from './operator.ts'

type Value = number | Float64Array

const row = (value: Value | undefined): Float64Array =>
  value instanceof Float64Array ? value : Float64Array.of(value ?? 0)
const number = (value: Value | undefined): number => (typeof value === 'number' ? value : (value?.[0] ?? 0))

/** The place that an index means in a row of so many entries: clamped to its ends. */
export const placeOf = (index: number, size: number): number => Math.min(Math.max(index, 0), size - 1)

/** Where entry `index` of a rolled row comes from. */
export const rolledFrom = (index: number, by: number, size: number): number =>
  (((index - by) % size) + size) % size

/**
 * Entry t of a row whose first n entries are turned in pairs by position·theta^(−2p/n), p the pair: (a, b) becomes
 * (a cos − b sin, a sin + b cos) (Su et al., 2021).
 */
function turned(
  [x, position, theta, count]: readonly (Value | undefined)[],
  pairOf: (
    entry: number,
    half: number,
  ) => { readonly pair: number; readonly other: number; readonly second: boolean },
): Float64Array {
  const entries = row(x)
  const n = number(count)
  return entries.map((entry, t) => {
    if (t >= n) return entry
    const { pair, other, second } = pairOf(t, n / 2)
    const angle = number(position) * number(theta) ** ((-2 * pair) / n)
    const partner = entries[other] ?? 0
    return entry * Math.cos(angle) + (second ? partner : -partner) * Math.sin(angle)
  })
}

const rotation = kinds(['vector', 'scalar', 'scalar', 'scalar'], likeFirst)

/** Operators on entries by name. */
export const entries = {
  /** One entry, at an integer. */
  entry: {
    type: kinds(['vector', 'scalar'], () => scalar),
    evaluate: (a: Value, index: Value) => row(a)[placeOf(number(index), row(a).length)] ?? Number.NaN,
  },
  /** Entries from `start` to before `end`, constants; its type follows from their values, and its node carries that. */
  slice: {
    type: kinds(['vector', 'scalar', 'scalar'], likeFirst),
    evaluate: (a: Value, start: Value, end: Value) => row(a).slice(number(start), number(end)),
  },
  concat: {
    call: { parameters: 'a, b', about: 'of two vectors' },
    type: vectors(2, ([a = 0, b = 0]) => vector(a + b)),
    evaluate: (a: Value, b: Value) => Float64Array.of(...row(a), ...row(b)),
  },
  /** Entry t goes to t + n, and those behind the end to the beginning. */
  roll: {
    call: { parameters: 'a, n', about: 'of a vector and an integer' },
    type: kinds(['vector', 'scalar'], likeFirst),
    evaluate: (a: Value, by: Value) =>
      row(a).map((_, t, all) => all[rolledFrom(t, number(by), all.length)] ?? Number.NaN),
  },
  /** A matrix times a row; its numbers are row-major. */
  product: {
    call: { parameters: 'W, x', about: 'of a matrix among the weights and a vector' },
    type: kinds(['matrix', 'vector'], ([w, x]) => {
      if (w?.kind !== 'matrix') return scalar
      const size = sizeOfType(x)
      return w.columns === size
        ? vector(w.rows)
        : `expected a vector of ${w.columns} for a matrix of ${w.rows} × ${w.columns}, found one of ${size}`
    }),
    evaluate: (w: Value, x: Value) => {
      const [matrix, right] = [row(w), row(x)]
      return Float64Array.from({ length: matrix.length / right.length }, (_, r) =>
        right.reduce((sum, entry, c) => sum + (matrix[r * right.length + c] ?? 0) * entry, 0),
      )
    },
  },
  /** Pairs are entries of the first half and of the second. */
  rotary: {
    call: { parameters: 'x, theta', about: 'and optionally how many entries are turned' },
    type: rotation,
    evaluate: (...args: Value[]) =>
      turned(args, (t, half) =>
        t < half
          ? { pair: t, other: t + half, second: false }
          : { pair: t - half, other: t - half, second: true },
      ),
  },
  /** Pairs are neighbours. */
  rotary_interleaved: {
    call: { parameters: 'x, theta', about: 'and optionally how many entries are turned' },
    type: rotation,
    evaluate: (...args: Value[]) =>
      turned(args, (t) =>
        t % 2 === 0
          ? { pair: t / 2, other: t + 1, second: false }
          : { pair: (t - 1) / 2, other: t - 1, second: true },
      ),
  },
} satisfies Record<string, RowOperator>
