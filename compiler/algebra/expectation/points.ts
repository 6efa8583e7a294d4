/**
 * Rows at which closed forms are compared: the same on every run, few decimals,
 * those that are easy to read first.
 */
import type { Point } from './ring/evaluate.ts'

/** q and k by their first entries; all others are 0. */
const short: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[1], [1]],
  [[1], [0, 1]],
  [[1], [-1]],
  [[0.5], [1]],
  [[1], [0]],
  [[0], [1]],
  [[0], [0]],
  [
    [0.5, -1],
    [0.3, 0.7],
  ],
  [
    [-0.4, 0.9],
    [-1.2, 0.5],
  ],
]

/** Lengths of rows whose entries all differ from 0. */
const lengths = [0.5, 1, 1.5, 2.5]

/** Rows whose entries are mostly 0, then dense rows, then rows of positive entries. */
export function comparisonPoints(dim: number): readonly Point[] {
  const sparse = short.map(([q, k], n) =>
    pointOf(padded(q, dim), padded(k, dim), padded([0.6, -0.3], dim), n),
  )
  const dense = lengths.map((length, n) => densePoint(dim, length, n))
  return [...sparse, ...dense, ...dense.slice(1, 3).map(positivePoint)]
}

/** More of those, of other lengths. */
export const pointsOfLength = (dim: number, others: readonly number[]): readonly Point[] =>
  others.map((length, n) => densePoint(dim, length, lengths.length + n))

/** For what has a value at positive entries alone. */
const positivePoint = ({ rows, scalars }: Point): Point => ({
  rows: mapRows(rows, (entry) => Math.round((Math.abs(entry) + 0.1) * 100) / 100),
  scalars,
})

const mapRows = (rows: Point['rows'], of: (entry: number) => number): Point['rows'] =>
  Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, Array.from(row, of)]))

/** The same rows multiplied by each of the factors. */
export function largerPoints(dim: number, factors: readonly number[]): readonly Point[] {
  return factors.flatMap((factor) =>
    comparisonPoints(dim).map(({ rows, scalars }) => ({
      rows: mapRows(rows, (entry) => entry * factor),
      scalars,
    })),
  )
}

/** Directions spread over the sphere, the same on every run. */
export function spreadRow(dim: number, length: number, seed: number): Float64Array {
  const raw = Float64Array.from({ length: dim }, (_, t) => normalLike(seed, t))
  const size = Math.sqrt(raw.reduce((sum, entry) => sum + entry * entry, 0))
  return raw.map((entry) => (length * entry) / size)
}

function densePoint(dim: number, length: number, n: number): Point {
  const row = (seed: number): Float64Array =>
    spreadRow(dim, length, seed + 10 * n).map((entry) => Math.round(entry * 100) / 100)
  return pointOf(row(1), row(2), row(3), n)
}

function pointOf(q: ArrayLike<number>, k: ArrayLike<number>, other: ArrayLike<number>, n: number): Point {
  return { rows: { q, k, other }, scalars: { i: n + 2, j: n % 3, length: n + 7 } }
}

const padded = (entries: readonly number[], dim: number): readonly number[] =>
  Array.from({ length: dim }, (_, t) => entries[t] ?? 0)

/** Near enough to normal for directions: a sum of numbers spread evenly over (−1, 1). */
const normalLike = (seed: number, t: number): number =>
  scatter(seed, 3 * t) + scatter(seed, 3 * t + 1) + scatter(seed, 3 * t + 2)

function scatter(seed: number, n: number): number {
  const wild = Math.sin(seed * 12.9898 + (n + 1) * 78.233) * 43758.5453
  return 2 * (wild - Math.floor(wild)) - 1
}
