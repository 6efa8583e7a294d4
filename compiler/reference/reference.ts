/**
 * The truth: a float64 interpreter of the checked spec.
 *
 *     out_i = Σ_j M_ij γ^(i−j) κ(q_i, k_j) v_j / (Σ_j M_ij γ^(i−j) κ(q_i, k_j) + ε)
 *
 * pair by pair as the language defines it, whichever way the kernels evaluate
 * it. Numbers are of extended range, so `stabilize: auto` and `none` are the
 * same function here: the mathematical one.
 */
import { invariant } from '../diagnostics/invariant.ts'
import { drawnLaw, keysAreQueries } from '../semantics/model.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { queryRowsOf } from '../../runtime/contract/query-lengths.ts'
import type { WeightName } from '../../runtime/contract/weights.ts'
import { meetings, ownKeys } from './meetings.ts'
import { featureRows } from './features.ts'
import { checkInputs, rowsOf } from './inputs.ts'
import type { ReferenceInputs } from './inputs.ts'
import type { Head } from './head.ts'
import { kernelOf } from './kernel.ts'
import { throughLandmarks, withConvolution } from './landmarks.ts'
import { pooled } from './pooling.ts'
import { dot } from './vector.ts'
import type { Vector } from './vector.ts'
import { discounted, termsOf, visibility, weightedSum } from './weights.ts'
import type { Score } from './weights.ts'

export type { ReferenceInputs } from './inputs.ts'

/**
 * The output [B, H, L, V] of an attention, in float64; at `inputs.rows` alone
 * where they are given.
 * @throws RangeError where a tensor does not have its shape.
 */
export function reference(model: AttentionModel, inputs: ReferenceInputs): Float64Array {
  checkInputs(model, inputs)
  const projection = projectionRows(model, inputs)
  const size = (inputs.rows?.length ?? inputs.length) * model.valueDim
  const out = new Float64Array(inputs.batch * inputs.heads * size)
  for (let item = 0; item < inputs.batch; item++)
    for (let head = 0; head < inputs.heads; head++) {
      const rows = headOutput(model, inputs, headOf(model, inputs, item, head), projection)
      for (const [i, row] of rows.entries())
        out.set(row, (item * inputs.heads + head) * size + i * model.valueDim)
    }
  return out
}

/** M·γ·κ of one head, row i being `values` row i times exp(`logs[i]`). */
export interface Scores {
  readonly rows: number
  readonly columns: number
  /** [rows, columns] */
  readonly values: Float64Array
  /** [rows] */
  readonly logs: Float64Array
}

/**
 * The unnormalised scores of one head on its visible keys, or pooled ones; of an
 * attention that makes rows in between, those of its kernel.
 */
export function scores(model: AttentionModel, inputs: ReferenceInputs, item = 0, head = 0): Scores {
  checkInputs(model, inputs)
  const rows = headOf(model, inputs, item, head)
  const terms = termRows(model, rows, projectionRows(model, inputs), wantedRows(inputs)).map(
    ({ aligned }) => aligned,
  )
  const columns = rows.k.length
  const values = new Float64Array(terms.length * columns)
  for (const [i, row] of terms.entries()) values.set(row.values, i * columns)
  return { rows: terms.length, columns, values, logs: Float64Array.from(terms, ({ peak }) => peak) }
}

function headOf(model: AttentionModel, inputs: ReferenceInputs, item: number, index: number): Head {
  const { heads, kvHeads, length, keyLength } = inputs
  const query = item * heads + index
  const key = item * kvHeads + Math.floor((index * kvHeads) / heads)
  const queries = queryRowsOf(inputs, item)
  const present = inputs.lengths?.[item] ?? keyLength
  // Rows that are queries and keys in one are there where they count as both.
  const visible = keysAreQueries(model) ? Math.min(present, queries) : present
  const factor = Math.sqrt(model.scale)
  const q = rowsOf(inputs.q, query, length, model.dim, length, factor)
  const v = rowsOf(inputs.v, key, keyLength, model.valueDim, visible)
  if (keysAreQueries(model)) return { index, q, queries, k: ownKeys(q.slice(0, visible), model.scale), v }
  const k = rowsOf(inputs.k, key, keyLength, model.dim, visible, factor)
  return model.compress === undefined || visible === 0
    ? { index, q, queries, k, v }
    : { index, q, queries, ...pooledRows(model.compress.count, inputs, index, { k, v }) }
}

function pooledRows(
  count: number,
  inputs: ReferenceInputs,
  head: number,
  { k, v }: Pick<Head, 'k' | 'v'>,
): Pick<Head, 'k' | 'v'> {
  const pooling = poolingOf(inputs)
  invariant(pooling !== undefined, 'pooling weights are checked to be given')
  const weights = (tensor: ReferenceInputs['q']): Vector[] =>
    rowsOf(tensor, head, count, tensor.length / (inputs.heads * count))
  return { k: pooled(weights(pooling.keys), k), v: pooled(weights(pooling.values), v) }
}

/** What keys and values are pooled by, where weights for that are given. */
export function poolingOf<T>({
  compressKeys: keys,
  compressValues: values = keys,
}: Readonly<Partial<Record<WeightName, T>>>): { readonly keys: T; readonly values: T } | undefined {
  return keys === undefined || values === undefined ? undefined : { keys, values }
}

/** The rows of the projection in use, or of the rotations of all rounds. */
export function projectionRows(model: AttentionModel, inputs: ReferenceInputs): readonly Vector[] {
  const law = drawnLaw(model)
  if (law === undefined) return []
  return rowsOf(inputs.projection ?? drawProjection(law), 0, law.rows, law.dim)
}

function headOutput(
  model: AttentionModel,
  inputs: ReferenceInputs,
  head: Head,
  projection: readonly Vector[],
): readonly Float64Array[] {
  const wanted = wantedRows(inputs)
  if (head.k.length === 0) return wanted.map(() => new Float64Array(model.valueDim))
  const rows =
    throughLandmarks(model, inputs, head)?.filter((_, i) => wanted.includes(i)) ??
    termRows(model, head, projection, wanted).map((terms) => weightedSum(terms, head.v, model))
  return withConvolution(model, inputs, head, { rows, wanted })
}

const wantedRows = ({ rows, length }: ReferenceInputs): readonly number[] =>
  rows ?? Array.from({ length }, (_, row) => row)

function termRows(
  model: AttentionModel,
  head: Head,
  projection: readonly Vector[],
  wanted: readonly number[],
): Vector[] {
  const score = meetings(model, head, projection, scoreOf(model, head, projection))
  const visible = visibility(model.mask, head.q.length, head.k.length)
  const weights = discounted(score, model, head.index)
  return wanted.map((i) => termsOf(i, head.k.length, weights, visible))
}

function scoreOf(model: AttentionModel, head: Head, projection: readonly Vector[]): Score {
  const [left, right, pair] =
    model.evaluation === 'factorised'
      ? [
          featureRows(model, 'query', head.q, head.queries, projection),
          featureRows(model, 'key', head.k, head.k.length, projection),
          dot,
        ]
      : [head.q, head.k, kernelOf(model)]
  return (i, j) => {
    const [a, b] = [left[i], right[j]]
    invariant(a !== undefined && b !== undefined, 'scores are of rows that exist')
    return pair(a, b)
  }
}
