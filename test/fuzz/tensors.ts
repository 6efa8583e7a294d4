// Tensors of generated calls, and the rows of one head of one batch item among them.
import { normals } from '../numeric/harness.ts'
import type { StepCall } from '../../runtime/index.ts'
import type { Case, DecodePlan, ForwardPlan } from './arbitraries/cases.ts'
import type { Call } from './executors.ts'

/** Rows of a tensor [batch, heads, length, width]. */
export interface Tensor {
  readonly data: Float32Array<ArrayBuffer>
  readonly heads: number
  readonly length: number
  readonly width: number
}

export interface Tensors {
  readonly q: Tensor
  readonly k: Tensor
  readonly v: Tensor
}

interface Rows {
  readonly batch: number
  readonly length: number
  readonly keyLength: number
  readonly seed: number
  readonly magnitude: number
}

function tensorsOf({ spec, heads, kvHeads }: Case, rows: Rows): Tensors {
  const { batch, length, keyLength, seed, magnitude } = rows
  const tensor = (heads: number, length: number, width: number, seed: number, size: number): Tensor => ({
    data: normals(batch * heads * length * width, seed, size),
    heads,
    length,
    width,
  })
  return {
    q: tensor(heads, length, spec.dim, seed, magnitude),
    k: tensor(kvHeads, keyLength, spec.dim, seed + 1001, magnitude),
    v: tensor(kvHeads, keyLength, spec.valueDim, seed + 2002, 1),
  }
}

/** Row by row, the first `count` of them. */
export function rowsOf(
  { data, heads, length, width }: Tensor,
  item: number,
  head: number,
  count = length,
): number[][] {
  const first = (item * heads + head) * length
  return Array.from({ length: count }, (_, row) =>
    Array.from(data.subarray((first + row) * width, (first + row + 1) * width)),
  )
}

/** Of each batch item, how many query rows and key rows are not padding. */
export interface Counts {
  readonly queries: readonly number[]
  readonly keys: readonly number[]
}

/** Items have as many query rows as keys where those of the call are equally many, unless the call says otherwise. */
export function countsOf({ batch, length, keyLength, lengths, queryLengths }: ForwardPlan): Counts {
  const all = (count: number): number[] => new Array<number>(batch).fill(count)
  const keys = lengths ?? all(keyLength)
  return { keys, queries: queryLengths ?? (length === keyLength ? keys : all(length)) }
}

export const decodeCounts = ({ batch, length, lengths }: DecodePlan): Counts => {
  const keys = lengths ?? new Array<number>(batch).fill(length)
  return { keys, queries: keys }
}

/** What lies in padding enters nothing, so it may as well be no number. */
function poison({ q, k, v }: Tensors, { queries, keys }: Counts): void {
  for (const [{ data, heads, length, width }, counts] of [
    [q, queries],
    [k, keys],
    [v, keys],
  ] as const)
    counts.forEach((count, item) => {
      for (let head = 0; head < heads; head++) {
        const start = (item * heads + head) * length
        data.fill(Number.NaN, (start + count) * width, (start + length) * width)
      }
    })
}

/** Rows `first` to `first + count` of every head, as a tensor of their own. */
function part({ data, heads, length, width }: Tensor, batch: number, first: number, count: number): Tensor {
  const cut = new Float32Array(batch * heads * count * width)
  for (let head = 0; head < batch * heads; head++)
    cut.set(
      data.subarray((head * length + first) * width, (head * length + first + count) * width),
      head * count * width,
    )
  return { data: cut, heads, length: count, width }
}

/** As the call has them: with padding. */
export function forwardTensors(one: Case, plan: ForwardPlan): Tensors {
  const tensors = tensorsOf(one, plan)
  if (plan.poisoned) poison(tensors, countsOf(plan))
  return tensors
}

export interface DecodeTensors {
  readonly prompt: Tensors
  /** Of one row each. */
  readonly steps: readonly Tensors[]
}

export function decodeTensors(one: Case, plan: DecodePlan): DecodeTensors {
  const { batch, length, steps } = plan
  const all = tensorsOf(one, { ...plan, length: length + steps, keyLength: length + steps })
  const cut = (first: number, count: number): Tensors => ({
    q: part(all.q, batch, first, count),
    k: part(all.k, batch, first, count),
    v: part(all.v, batch, first, count),
  })
  const prompt = cut(0, length)
  if (plan.poisoned) poison(prompt, decodeCounts(plan))
  return { prompt, steps: Array.from({ length: steps }, (_, step) => cut(length + step, 1)) }
}

export const stepOf = ({ q, k, v }: Tensors): StepCall<Float32Array> => ({ q: q.data, k: k.data, v: v.data })

export const callOf = ({ heads, kvHeads }: Case, plan: ForwardPlan | DecodePlan, tensors: Tensors): Call => ({
  ...stepOf(tensors),
  batch: plan.batch,
  heads,
  kvHeads,
  length: tensors.q.length,
  keyLength: tensors.k.length,
  ...(plan.lengths && { lengths: Uint32Array.from(plan.lengths) }),
  ...('queryLengths' in plan && plan.queryLengths && { queryLengths: Uint32Array.from(plan.queryLengths) }),
})

/** Run-time weights, each [heads, rows, width]. */
export const weightsOf = ({ spec, heads }: Case): Record<string, Float32Array<ArrayBuffer>> =>
  Object.fromEntries(
    Object.entries(spec.weights).map(([name, { rows, width }], index) => [
      name,
      normals(heads * rows * width, 77 + index, 0.7),
    ]),
  )
