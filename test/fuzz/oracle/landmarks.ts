// out = F·A⁺·(B·V) [+ conv]: attention through landmark rows.
import { divide, errorOf, multiply, sum, unit, valueOf, wide } from './wide.ts'
import type { Wide } from './wide.ts'
import type { Row } from './functions.ts'
import { scaled } from './item.ts'
import type { Cell, Item, Numbers } from './item.ts'
import { everyPair, kernelScore } from './pairs.ts'

type Matrix = readonly Numbers[]

export function landmarkRows(item: Item): Cell[][] {
  const { model, queries, k, weights } = item
  const { source, count } = model.landmarks!
  const short = source === 'segment_means' && Math.min(queries, k.length) <= count
  const rows = short ? everyPair(item) : throughLandmarks(item)
  const [filter] = weights['conv'] ?? []
  return filter === undefined
    ? rows
    : rows.map((row, i) => row.map((cell, column) => plus(cell, convolution(item, filter, i, column))))
  function plus({ value, tolerance }: Cell, added: Wide): Cell {
    return {
      value: value + valueOf(added),
      tolerance: tolerance + 4 * errorOf(added) + 4 * unit * Math.abs(value),
    }
  }
}

function convolution({ v }: Item, filter: Numbers, i: number, column: number): Wide {
  const terms = filter.map((weight, t) => {
    const value = v[i + t - (filter.length - 1) / 2]?.[column]
    return value === undefined ? wide(0) : multiply(wide(weight), wide(value))
  })
  return sum(terms)
}

function throughLandmarks({ model, q, queries, k, v, weights }: Item): Cell[][] {
  const [queryRows, keyRows] = [scaled(q, model), scaled(k, model)]
  const { source, count } = model.landmarks!
  const given = (name: string): Row[] => scaled(weights[name] ?? weights['landmarks']!, model)
  const ofQueries = source === 'learned' ? given('queryLandmarks') : means(queryRows.slice(0, queries), count)
  const ofKeys = source === 'learned' ? given('landmarks') : means(keyRows, count)
  const normalised = (left: readonly Row[], right: readonly Row[]): Wide[][] => {
    const score = kernelScore(model, left, right)
    return left.map((_, i) => {
      const row = right.map((_, j) => score(i, j))
      const total = sum(row)
      return total.mantissa === 0 ? row : row.map((entry) => divide(entry, total))
    })
  }
  const factors = [
    normalised(queryRows, ofKeys),
    normalised(ofQueries, ofKeys),
    normalised(ofQueries, keyRows),
  ] as const
  const product = (entry: (value: Wide, at: number) => number, round: (value: number) => number): Matrix => {
    let at = 0
    const [f, a, b] = factors.map((matrix) => matrix.map((row) => row.map((value) => entry(value, at++))))
    const times = multiplyMatrices(round)
    return times(f!, times(inverse(a!, model.landmarks!.pinv, round), times(b!, v)))
  }
  const exact = product(valueOf, (value) => value)
  // What its iterations make of roundings is tried: in f32, with every entry off by its bound, either way.
  const tried = [1, 2, 3].map((trial) =>
    product((value, at) => Math.fround(valueOf(value) + errorOf(value) * sign(at, trial)), Math.fround),
  )
  let off = 0
  for (const other of tried)
    other.forEach((row, i) =>
      row.forEach((value, column) => {
        const difference = Math.abs(value - exact[i]![column]!)
        off = Number.isNaN(difference) ? Infinity : Math.max(off, difference)
      }),
    )
  const largest = Math.max(0, ...v.flat().map(Math.abs))
  return exact.map((row) =>
    row.map((value) => ({ value, tolerance: 8 * off + 64 * unit * Math.max(largest, Math.abs(value)) })),
  )
}

const sign = (at: number, trial: number): number => (Math.imul(at * 4 + trial, 0x9e3779b1) < 0 ? -1 : 1)

/** Of N consecutive segments; the shorter ones come first. */
function means(rows: readonly Row[], count: number): Row[] {
  const size = Math.floor(rows.length / count)
  const shorter = (size + 1) * count - rows.length
  let start = 0
  return Array.from({ length: count }, (_, segment) => {
    const part = rows.slice(start, start + size + (segment < shorter ? 0 : 1))
    start += part.length
    return part[0]!.map((_, column) => divide(sum(part.map((row) => row[column]!)), wide(part.length)))
  })
}

const multiplyMatrices =
  (round: (value: number) => number) =>
  (a: Matrix, b: Matrix): Matrix =>
    a.map((row) =>
      (b[0] ?? []).map((_, column) =>
        row.reduce((total, entry, j) => round(total + round(entry * b[j]![column]!)), 0),
      ),
    )

/** Z ← ¼Z(13I − AZ(15I − AZ(7I − AZ))) from Aᵀ/(‖A‖₁‖A‖∞) */
function inverse(a: Matrix, steps: number, round: (value: number) => number): Matrix {
  const times = multiplyMatrices(round)
  const transposed = a.map((_, i) => a.map((row) => row[i]!))
  const norm = (matrix: Matrix): number =>
    Math.max(...matrix.map((row) => row.reduce((total, entry) => total + Math.abs(entry), 0)))
  const start = norm(a) * norm(transposed)
  const less = (diagonal: number, matrix: Matrix): Matrix =>
    matrix.map((row, i) => row.map((entry, j) => round((i === j ? diagonal : 0) - entry)))
  let z: Matrix = transposed.map((row) => row.map((entry) => round(start === 0 ? 0 : entry / start)))
  for (let step = 0; step < steps; step++) {
    const az = times(a, z)
    const product = times(z, less(13, times(az, less(15, times(az, less(7, az))))))
    z = product.map((row) => row.map((entry) => entry / 4))
  }
  return z
}
