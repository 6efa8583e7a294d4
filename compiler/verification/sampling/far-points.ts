/**
 * Where no call of a test goes, and an expression may begin to be another one: at
 * an entry far beyond the others, at places deep in a sequence, in sequences that
 * are long. There a claim is evaluated on paper.
 */
import { directions } from './rows.ts'

export interface FarPoint {
  /** As the kernel sees them. */
  readonly q: Float64Array
  readonly k: Float64Array
  /** The query's place and the key's, among so many rows. */
  readonly i: number
  readonly j: number
  readonly length: number
}

/** Of one entry: a little beyond round bounds, on either side. */
const sizes = [55, 110, 1050]

const nowhere = { i: 0, j: 0, length: 1 }

/** Rows of which one entry is large: the query's, the key's or that of both, or the key's is as small as the query's is large. */
export function largeEntries(dim: number): FarPoint[] {
  const [a, b] = smallRows(dim)
  const places = dim > 1 ? [0, dim - 1] : [0]
  return places.flatMap((place) =>
    sizes.flatMap((size) =>
      [size, -size].flatMap((entry) => {
        const large = withEntry(a, place, entry)
        return [
          { q: large, k: b, ...nowhere },
          { q: b, k: large, ...nowhere },
          { q: large, k: large, ...nowhere },
          { q: large, k: withEntry(b, place, 1 / entry), ...nowhere },
        ]
      }),
    ),
  )
}

const places: readonly (readonly [i: number, j: number, length: number])[] = [
  [120, 3, 200],
  [3, 120, 200],
  [150, 149, 256],
  [1000, 400, 1024],
  [1000, 999, 1024],
  [2047, 1000, 2048],
  [20, 5, 3500],
  [3200, 3100, 3500],
  [4095, 0, 4096],
  [0, 4095, 4096],
  [4095, 4094, 4096],
  [4000, 50, 20_000],
  [15_000, 14_990, 20_000],
]

/** Rows of ordinary size, deep in sequences and in long ones. */
export function farPlaces(dim: number): FarPoint[] {
  const [a, b] = smallRows(dim)
  return places.flatMap(([i, j, length]) => [
    { q: a, k: b, i, j, length },
    { q: a, k: a, i, j, length },
  ])
}

const smallRows = (dim: number): readonly [Float64Array, Float64Array] => {
  const [a, b] = directions(dim, 7, 4).slice(5)
  const scaled = (row: Float64Array | undefined, by: number): Float64Array =>
    (row ?? new Float64Array(dim)).map((entry) => entry * by)
  return [scaled(a, 1), scaled(b, 0.7)]
}

const withEntry = (row: Float64Array, place: number, entry: number): Float64Array =>
  row.map((other, t) => (t === place ? entry : other))
