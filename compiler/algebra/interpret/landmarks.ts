/** F·A⁺·(B·V) by plain matrices, each a kernel's quotients. */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Attention, LandmarkScore } from '../attention.ts'
import { type Call, type Head, rowsOf } from './call.ts'

type Matrix = readonly Float64Array[]

/** @param exact the attention of some queries to some keys, evaluated pair by pair */
export function throughLandmarks(
  { dim, scale, valueDim }: Attention,
  { count, source, pinv, conv }: LandmarkScore,
  head: Head,
  { weights = {} }: Call,
  exact: (part: Head) => Matrix,
): Matrix {
  const { index, q, queries: counted, k, v } = head
  const given = (name: string, width: number, rows: number): Matrix | undefined => {
    const tensor = weights[name]
    return tensor && rowsOf(tensor, index * rows, rows, width, name === 'conv' ? 1 : Math.sqrt(scale))
  }
  const filter = conv === undefined ? undefined : given('conv', conv, 1)?.[0]
  const added = (rows: Matrix): Matrix =>
    filter === undefined
      ? rows
      : rows.map((row, i) => row.map((entry, column) => entry + tapped(filter, v, i, column)))
  if (source === 'segment_means' && Math.min(counted, k.length) <= count) return added(exact(head))
  const keys = source === 'learned' ? given('landmarks', dim, count) : means(k, count)
  const queries =
    source === 'learned' ? (given('queryLandmarks', dim, count) ?? keys) : means(q.slice(0, counted), count)
  invariant(keys !== undefined && queries !== undefined, 'landmarks are given')
  const summary = exact({ ...head, q: queries })
  const core = exact({ ...head, q: queries, k: keys, v: identity(count) })
  const solution = product(
    inverse(
      core.map((row) => row.slice(0, count)),
      pinv,
    ),
    summary,
  )
  const rows = exact({ ...head, k: keys, v: solution })
  invariant(
    rows.every((row) => row.length === valueDim),
    'rows have the width of the values',
  )
  return added(rows)
}

/** Z ← ¼Z(13I − AZ(15I − AZ(7I − AZ))) from Z = Aᵀ/(‖A‖₁‖A‖∞). */
function inverse(a: Matrix, steps: number): Matrix {
  const transposed = a.map((_, column) => Float64Array.from(a, (row) => row[column] ?? 0))
  const norm = largestSum(a) * largestSum(transposed)
  let z: Matrix = transposed.map((row) => row.map((entry) => entry / norm))
  for (let step = 0; step < steps; step++) {
    const az = product(a, z)
    const inner = product(az, minus(15, product(az, minus(7, az))))
    z = product(z, minus(13, inner)).map((row) => row.map((entry) => entry / 4))
  }
  return z
}

const minus = (diagonal: number, matrix: Matrix): Matrix =>
  matrix.map((row, n) => row.map((entry, column) => (n === column ? diagonal : 0) - entry))

const largestSum = (rows: Matrix): number =>
  Math.max(...rows.map((row) => row.reduce((sum, entry) => sum + Math.abs(entry), 0)))

function product(left: Matrix, right: Matrix): Matrix {
  const columns = right[0]?.length ?? 0
  return left.map((row) =>
    Float64Array.from({ length: columns }, (_, column) =>
      row.reduce((sum, entry, n) => sum + entry * (right[n]?.[column] ?? 0), 0),
    ),
  )
}

const identity = (size: number): Matrix =>
  Array.from({ length: size }, (_, n) =>
    Float64Array.from({ length: size }, (__, column) => (n === column ? 1 : 0)),
  )

/** With s = ⌊rows/count⌋ the first (s + 1)·count − rows segments have s rows, and the others one more. */
function means(rows: Matrix, count: number): Matrix {
  const short = Math.floor(rows.length / count)
  const shorter = (short + 1) * count - rows.length
  return Array.from({ length: count }, (_, segment) => {
    const from = segment * short + Math.max(0, segment - shorter)
    const members = rows.slice(from, from + (segment < shorter ? short : short + 1))
    return Float64Array.from(members[0] ?? [], (__, t) =>
      members.reduce((sum, row) => sum + (row[t] ?? 0) / members.length, 0),
    )
  })
}

/** Values around row i, weighed; zeros beyond both ends. */
const tapped = (filter: Float64Array, values: Matrix, i: number, column: number): number =>
  filter.reduce((sum, tap, t) => sum + tap * (values[i + t - (filter.length - 1) / 2]?.[column] ?? 0), 0)
