/**
 * The truth: a float64 interpreter of the checked spec.
 *
 *     out_i = Σ_j M_ij γ^(i−j) κ(q_i, k_j) v_j / (Σ_j M_ij γ^(i−j) κ(q_i, k_j) + ε)
 *
 * pair by pair as the language defines it, whichever way the kernels evaluate
 * it. Numbers are of extended range, so `stabilize: auto` and `none` are the
 * same function here: the mathematical one. What is declared as a recurrence is
 * computed token by token (`recurrence.ts`).
 */
import { invariant } from '../diagnostics/invariant.ts'
import { drawnLaw, isRecurrent, keysAreQueries } from '../semantics/model.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { queryRowsOf } from '../../runtime/contract/query-lengths.ts'
import type { WeightName } from '../../runtime/contract/weights.ts'
import { meetings, ownKeys } from './meetings.ts'
import { exponential, toNumber, zero } from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'
import { headFor, outputHeads } from '../../runtime/contract/tensors.ts'
import { prepared } from './prepare.ts'
import { HeadData } from './data.ts'
import { discounted, pathsOf } from './token-factors.ts'
import { Evaluator } from './evaluate.ts'
import { entriesOf, featureRows } from './features.ts'
import { checkInputs, rowsOf } from './inputs.ts'
import type { ReferenceInputs } from './inputs.ts'
import type { Head } from './head.ts'
import { kernelOf, pairScore } from './kernel.ts'
import { throughLandmarks, withConvolution } from './landmarks.ts'
import { pooled } from './pooling.ts'
import { recurrence } from './recurrence.ts'
import { State } from './state.ts'
import { dot, Vector } from './vector.ts'
import { logSum, termsOf, visibility, weightedSum } from './weights.ts'
import type { Score } from './weights.ts'

export type { ReferenceInputs } from './inputs.ts'

/**
 * The output [B, H′, L, V] of an attention, in float64; at `inputs.rows` alone
 * where they are given.
 * @throws RangeError where a tensor does not have its shape.
 */
export function reference(model: AttentionModel, inputs: ReferenceInputs): Float64Array {
  checkInputs(model, inputs)
  const projection = projectionRows(model, inputs)
  const size = (inputs.rows?.length ?? inputs.length) * model.valueDim
  const heads = outputHeads(inputs)
  const out = new Float64Array(inputs.batch * heads * size)
  for (let item = 0; item < inputs.batch; item++)
    for (let head = 0; head < heads; head++) {
      const rows = headOutput(model, inputs, headOf(model, inputs, item, head), projection)
      for (const [i, row] of rows.entries()) out.set(row, (item * heads + head) * size + i * model.valueDim)
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
  const data = new HeadData(model, inputs, item, head)
  const terms = termRows(model, rows, projectionRows(model, inputs), wantedRows(inputs), data).map(
    ({ aligned }) => aligned,
  )
  const columns = rows.k.length
  const values = new Float64Array(terms.length * columns)
  for (const [i, row] of terms.entries()) values.set(row.values, i * columns)
  return { rows: terms.length, columns, values, logs: Float64Array.from(terms, ({ peak }) => peak) }
}

function headOf(model: AttentionModel, inputs: ReferenceInputs, item: number, index: number): Head {
  const { heads, kvHeads, valueHeads = kvHeads, length, keyLength } = inputs
  const own = (count: number): number => item * count + headFor(index, count, inputs)
  const [query, key, value] = [own(heads), own(kvHeads), own(valueHeads)]
  const queries = queryRowsOf(inputs, item)
  const present = inputs.lengths?.[item] ?? keyLength
  // Rows that are queries and keys in one are there where they count as both.
  const visible = keysAreQueries(model) ? Math.min(present, queries) : present
  const factor = Math.sqrt(model.scale)
  const q = prepared(model, inputs, 'q', index, rowsOf(inputs.q, query, length, model.dim, length), factor)
  const v = prepared(model, inputs, 'v', index, rowsOf(inputs.v, value, keyLength, model.valueDim, visible))
  const shared = { item, index, q, queries }
  if (keysAreQueries(model)) return { ...shared, k: ownKeys(q.slice(0, visible), model.scale), v }
  const k = prepared(model, inputs, 'k', index, rowsOf(inputs.k, key, keyLength, model.dim, visible), factor)
  return model.compress === undefined || visible === 0
    ? { ...shared, k, v }
    : { ...shared, ...pooledRows(model.compress.count, inputs, index, { k, v }) }
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
  const data = new HeadData(model, inputs, head.item, head.index)
  if (isRecurrent(model)) {
    const rows = recurred(model, inputs, head, projection, data)
    return withOutput(model, head, projection, data, {
      rows: wanted.map((i) => rows[i] ?? zeros(model)),
      wanted,
    })
  }
  if (head.k.length === 0) {
    inputs.lse?.fill(-Infinity, ...lseRows(inputs, head))
    return wanted.map(() => zeros(model))
  }
  const sink = sinkOf(model, data)
  const rows =
    throughLandmarks(model, inputs, head)?.filter((_, i) => wanted.includes(i)) ??
    termRows(model, head, projection, wanted, data).map((terms, row) => {
      if (inputs.lse !== undefined) inputs.lse[lseRows(inputs, head)[0] + row] = logSum(terms, model, sink)
      return weightedSum(terms, head.v, model, sink)
    })
  const filtered = withConvolution(model, inputs, head, { rows, wanted })
  return withOutput(model, head, projection, data, { rows: filtered, wanted })
}

const zeros = ({ valueDim }: AttentionModel): Float64Array => new Float64Array(valueDim)

/** Where the log-sums of a head lie: its first, and behind its last. */
function lseRows(inputs: ReferenceInputs, { item, index }: Head): readonly [number, number] {
  const count = inputs.rows?.length ?? inputs.length
  const first = (item * outputHeads(inputs) + index) * count
  return [first, first + count]
}

/** What the denominators of a head have beside the weights of its keys. */
export const sinkOf = ({ sink }: AttentionModel, data: HeadData): Extended =>
  sink === undefined ? zero : exponential(toNumber(data.fix(new Evaluator(sink)).scalar()))

/** Every row of a head, token by token, from and to the states of the call. */
function recurred(
  model: AttentionModel,
  inputs: ReferenceInputs,
  head: Head,
  projection: readonly Vector[],
  data: HeadData,
): readonly Float64Array[] {
  const tokens = {
    queries: featureRows(model, 'query', head.q, head.queries, projection, data),
    keys: featureRows(model, 'key', head.k, head.k.length, projection, data),
    values: head.v,
  }
  const size = (model.feature?.features ?? 0) * model.valueDim
  const first = (head.item * outputHeads(inputs) + head.index) * size
  const initial = inputs.initialState?.subarray(first, first + size)
  const { rows, state } = recurrence(model, tokens, data, initial && State.ofNumbers(initial, model.valueDim))
  inputs.finalState?.set(state.numbers, first)
  return rows
}

/** `output` of rows of the result. */
function withOutput(
  model: AttentionModel,
  head: Head,
  projection: readonly Vector[],
  data: HeadData,
  { rows, wanted }: { readonly rows: readonly Float64Array[]; readonly wanted: readonly number[] },
): readonly Float64Array[] {
  const { output, feature } = model
  if (output === undefined) return rows
  const evaluator = data.fix(new Evaluator(output))
  const [queries, keys] =
    feature === undefined
      ? [head.q, head.k]
      : [
          featureRows(model, 'query', head.q, head.queries, projection, data),
          featureRows(model, 'key', head.k, head.k.length, projection, data),
        ]
  const none = (row: Vector | undefined): Vector => Vector.ofNumbers(new Float64Array(row?.size ?? 0))
  return rows.map((row, index) => {
    const i = wanted[index] ?? index
    data.row(evaluator, i)
    evaluator
      .set('o', Vector.ofNumbers(row))
      .set('q', queries[i] ?? none(queries[0]))
      .set('k', keys[i] ?? none(keys[0] ?? queries[0]))
      .set('v', head.v[i] ?? Vector.ofNumbers(zeros(model)))
    return Float64Array.from(entriesOf(evaluator.value()), toNumber)
  })
}

const wantedRows = ({ rows, length }: ReferenceInputs): readonly number[] =>
  rows ?? Array.from({ length }, (_, row) => row)

function termRows(
  model: AttentionModel,
  head: Head,
  projection: readonly Vector[],
  wanted: readonly number[],
  data: HeadData,
): Vector[] {
  const score = meetings(model, head, projection, scoreOf(model, head, projection, data))
  const visible = visibility(model.mask, head.q.length, head.k.length, data, head.queries)
  const weights = discounted(score, model, head.index)
  return wanted.map((i) => termsOf(i, head.k.length, weights, visible))
}

function scoreOf(model: AttentionModel, head: Head, projection: readonly Vector[], data: HeadData): Score {
  if (model.evaluation === 'exact') return pairScore(model, head, data, pathsOf(model, head.q.length, data))
  const [left, right, pair] =
    model.evaluation === 'factorised'
      ? [
          featureRows(model, 'query', head.q, head.queries, projection, data),
          featureRows(model, 'key', head.k, head.k.length, projection, data),
          dot,
        ]
      : [head.q, head.k, kernelOf(model)]
  return (i, j) => {
    const [a, b] = [left[i], right[j]]
    invariant(a !== undefined && b !== undefined, 'scores are of rows that exist')
    return pair(a, b)
  }
}
