/**
 * Attention through landmark rows (Xiong et al., "Nyströmformer", 2021):
 *
 *     out = F·A⁺·(B·V),   F ∝ κ(q, k̃),  A ∝ κ(q̃, k̃),  B ∝ κ(q̃, k),
 *
 * each factor divided by its row sums, and A⁺ the iterative pseudo-inverse.
 */
import { invariant } from '../diagnostics/invariant.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { toNumber } from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'
import type { Head } from './head.ts'
import { rowsOf } from './inputs.ts'
import type { ReferenceInputs } from './inputs.ts'
import { kernelOf } from './kernel.ts'
import { segmentMeans } from './segments.ts'
import { total, Vector } from './vector.ts'

type Matrix = readonly Float64Array[]
type Kernel = (q: Vector, k: Vector) => Extended

function landmarkRows(
  kernel: Kernel,
  rows: { readonly q: readonly Vector[]; readonly k: readonly Vector[]; readonly v: readonly Vector[] },
  landmarks: { readonly q: readonly Vector[]; readonly k: readonly Vector[] },
  steps: number,
): Matrix {
  const values: Matrix = rows.v.map(({ mantissa }) => mantissa)
  const summary = product(normalised(kernel, landmarks.q, rows.k), values)
  const inverse = pseudoInverse(normalised(kernel, landmarks.q, landmarks.k), steps)
  return product(normalised(kernel, rows.q, landmarks.k), product(inverse, summary))
}

/** κ of every pair, each row divided by its sum (left alone where that is 0). */
function normalised(kernel: Kernel, left: readonly Vector[], right: readonly Vector[]): Matrix {
  return left.map((q) => {
    const scores = Vector.from(right.length, (j) => kernel(q, right[j] ?? q))
    const { values, peak } = scores.aligned
    const sum = total(scores)
    if (sum.mantissa === 0) return values
    const denominator = toNumber({ mantissa: sum.mantissa, log: sum.log - peak })
    return values.map((value) => value / denominator)
  })
}

/** Z ← ¼Z(13I − AZ(15I − AZ(7I − AZ))) from Aᵀ/(‖A‖₁‖A‖∞). */
function pseudoInverse(a: Matrix, steps: number): Matrix {
  const at = transpose(a)
  const scale = largestRow(a) * largestRow(at)
  // The inverse of a matrix of zeros is one of zeros.
  let z: Matrix = at.map((row) => row.map((entry) => (scale === 0 ? 0 : entry / scale)))
  for (let step = 0; step < steps; step++) {
    const az = product(a, z)
    const inner = identityMinus(15, product(az, identityMinus(7, az)))
    z = product(z, identityMinus(13, product(az, inner))).map((row) => row.map((entry) => entry / 4))
  }
  return z
}

const identityMinus = (diagonal: number, a: Matrix): Matrix =>
  a.map((row, i) => row.map((entry, j) => (i === j ? diagonal : 0) - entry))

const transpose = (a: Matrix): Matrix =>
  Array.from(a[0] ?? [], (_, j) => Float64Array.from(a, (row) => row[j] ?? 0))

/** ‖A‖∞, the largest sum of absolute values in a row. */
const largestRow = (a: Matrix): number =>
  Math.max(...a.map((row) => row.reduce((sum, entry) => sum + Math.abs(entry), 0)))

function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => {
    const out = new Float64Array(b[0]?.length ?? 0)
    for (const [t, factor] of row.entries()) {
      const from = b[t] ?? out
      for (let column = 0; column < out.length; column++)
        out[column] = (out[column] ?? 0) + factor * (from[column] ?? 0)
    }
    return out
  })
}

/** Absent where the attention is exact: it has no landmarks, or no more rows than segments. */
export function throughLandmarks(
  model: AttentionModel,
  inputs: ReferenceInputs,
  head: Head,
): readonly Float64Array[] | undefined {
  const { landmarks, dim, scale } = model
  if (landmarks === undefined) return undefined
  const { count, source, pinv } = landmarks
  if (source === 'segment_means') {
    if (Math.min(head.queries, head.k.length) <= count) return undefined
    const means = { q: segmentMeans(head.q.slice(0, head.queries), count), k: segmentMeans(head.k, count) }
    return landmarkRows(kernelOf(model), head, means, pinv)
  }
  invariant(inputs.landmarks !== undefined, 'learned landmarks are checked to be given')
  const learned = (tensor: ReferenceInputs['q']): Vector[] =>
    rowsOf(tensor, head.index, count, dim, count, Math.sqrt(scale))
  const k = learned(inputs.landmarks)
  const q = inputs.queryLandmarks === undefined ? k : learned(inputs.queryLandmarks)
  return landmarkRows(kernelOf(model), head, { q, k }, pinv)
}

/** The filter of the convolution that is added at the end, where there is one. */
export const filterOf = <T>({ conv }: { readonly conv?: T | undefined }): T | undefined => conv

/** Adds the convolution of `conv`, if there is one, to `rows`, the output at the query rows `wanted`. */
export function withConvolution(
  { landmarks, valueDim }: AttentionModel,
  inputs: ReferenceInputs,
  { index, v }: Head,
  { rows, wanted }: { readonly rows: Matrix; readonly wanted: readonly number[] },
): Matrix {
  const filters = filterOf(inputs)
  if (landmarks?.conv === undefined || filters === undefined) return rows
  const [filter] = rowsOf(filters, index, 1, landmarks.conv)
  if (filter === undefined) return rows
  return rows.map((row, n) => {
    const added = convolved(filter.mantissa, v, wanted[n] ?? 0, valueDim)
    return row.map((entry, column) => entry + (added[column] ?? 0))
  })
}

/**
 * The depthwise convolution over the values, centred, zeros beyond both ends:
 * row i gets Σ_t filter[t]·v[i + t − (width − 1)/2].
 */
function convolved(filter: Float64Array, values: readonly Vector[], i: number, width: number): Float64Array {
  const out = new Float64Array(width)
  const half = (filter.length - 1) / 2
  for (const [t, weight] of filter.entries()) {
    const value = values[i + t - half]
    if (value === undefined) continue
    for (let column = 0; column < width; column++)
      out[column] = (out[column] ?? 0) + weight * (value.mantissa[column] ?? 0)
  }
  return out
}
