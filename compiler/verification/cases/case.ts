/**
 * What is varied while a property is tried: shapes, values, and where a call is
 * cut. A case is small data, so that fast-check can shrink it; the tensors follow
 * from it. An entry of a tensor depends on its place alone, so that a smaller
 * shape keeps the entries it still has.
 */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { countOf } from '../../../runtime/contract/tensors.ts'
import type { CallSizes } from '../../../runtime/contract/shape.ts'
import { keysAreQueries, keysInSight } from '../../semantics/model.ts'
import { needsEqualLengths } from '../../semantics/owners.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { excess } from '../../symbolic/index-arithmetic.ts'
import { targets } from '../../targets/index.ts'
import type { Call } from '../execution/executor.ts'
import { scatteredNormal } from './scatter.ts'

export interface Case {
  readonly length: number
  readonly keyLength: number
  readonly batch: number
  readonly kvHeads: number
  /** Query heads of one key/value head. */
  readonly group: number
  /** About the Euclidean norm of a row of q and of k, once multiplied by √scale. */
  readonly norm: number
  /** Of the values. */
  readonly values: number
}

export interface Variety {
  /** As many keys as queries. */
  readonly square?: boolean
  readonly norms?: readonly number[]
  readonly longest?: number | undefined
  /** Where run-time weights fix the number of heads. */
  readonly heads?: number | undefined
  /** As many as a call may have, where the mask limits them. */
  readonly rows?: number | undefined
}

/** Rows from which on not all that are in sight see each other, and some more; nothing where the usual ones do. */
export function longestOf(model: AttentionModel): number | undefined {
  const inSight = keysInSight(model)
  return inSight && Math.max(longest, 2 * inSight + 6)
}

/** Rows that a call may have on every target. */
export function rowsOf({ mask }: AttentionModel): number | undefined {
  if (mask.kind !== 'condition') return undefined
  const { condition } = mask
  const limits = targets.flatMap(({ exact }) => excess(condition, exact)?.longest ?? [])
  return limits.length === 0 ? undefined : Math.min(...limits)
}

/** Two tiles of rows and a bit, and one chunk of keys where nothing is masked. */
const longest = 70
export const longestKeys = 270

export function cases(variety: Variety = {}): Arbitrary<Case> {
  const { square = false, norms = [1, 0.25, 3], heads, rows = Infinity } = variety
  const most = variety.longest ?? longest
  const short = fc.integer({ min: 1, max: Math.min(most, longest) })
  const long = fc.integer({ min: Math.ceil((2 * most) / 3), max: most })
  const length = most <= longest ? short : fc.oneof(short, { weight: 4, arbitrary: long })
  const shape = fc.record({
    length,
    keyLength: square
      ? fc.constant(0)
      : fc.oneof({ weight: 4, arbitrary: length }, fc.integer({ min: 1, max: Math.max(most, longestKeys) })),
    batch: fc.integer({ min: 1, max: 2 }),
    kvHeads: heads === undefined ? fc.integer({ min: 1, max: 2 }) : fc.constant(heads),
    group: heads === undefined ? fc.integer({ min: 1, max: 2 }) : fc.constant(1),
    norm: fc.constantFrom(...norms),
    values: fc.nat({ max: 999 }),
  })
  // Some properties take a row more.
  const within = (count: number): number => Math.min(count, Math.max(1, rows - 1))
  return shape.map((one) => {
    const [length, keyLength] = [within(one.length), within(one.keyLength)]
    return { ...one, length, keyLength: square ? length : keyLength }
  })
}

/** A place between the ends, each as likely: floating-point numbers would lie nearly all at the start. */
export const fraction = (): Arbitrary<number> => fc.integer({ min: 0, max: 999 }).map((part) => part / 1000)

export function callOf(model: AttentionModel, one: Case): Call {
  const { length, batch, kvHeads, group, norm, values } = one
  const heads = kvHeads * group
  const { dim, valueDim, scale } = model
  // Rows that are queries and keys at once are as many as these.
  const keyLength = keysAreQueries(model) || needsEqualLengths(model) ? length : one.keyLength
  const deviation = norm / Math.sqrt(dim * scale)
  return {
    batch,
    heads,
    kvHeads,
    length,
    keyLength,
    q: tensor(batch * heads, length, dim, values * 3, deviation),
    k: tensor(batch * kvHeads, keyLength, dim, values * 3 + 1, deviation),
    v: tensor(batch * kvHeads, keyLength, valueDim, values * 3 + 2, 1),
    ...inputsOf(model, { batch, heads, kvHeads, length, keyLength }, values),
  }
}

/** Declared inputs: normal numbers, or integers in runs of a few rows. */
function inputsOf(model: AttentionModel, sizes: CallSizes, seed: number): Pick<Call, 'inputs'> {
  const plans = (model.inputs ?? []).map((plan, index) => {
    const [rows, width] = [sizes[plan.rows ?? 'keyLength'], plan.shape[0] ?? 1]
    const all = tensor(countOf(plan, sizes) / (rows * width), rows, width, seed * 3 + 5 + index, 1)
    const runs = all.map((_, place) => Math.floor((place % rows) / rowsOfRun))
    return [plan.name, plan.element === 'integer' ? runs : all] as const
  })
  return plans.length === 0 ? {} : { inputs: Object.fromEntries(plans) }
}

const rowsOfRun = 5

/** [groups, length, width] */
export function tensor(
  groups: number,
  length: number,
  width: number,
  seed: number,
  deviation: number,
): Float32Array {
  const result = new Float32Array(groups * length * width)
  let at = 0
  for (let group = 0; group < groups; group++)
    for (let row = 0; row < length; row++)
      for (let entry = 0; entry < width; entry++)
        result[at++] = deviation * scatteredNormal(seed, group, row, entry)
  return result
}

/** `length 2, keyLength 3, batch 1, …`: what a person needs to make the case again. */
export function describeCase({ length, keyLength, batch, kvHeads, group, norm }: Case): string {
  const parts = [
    keyLength === length ? `length ${length}` : `length ${length}, key length ${keyLength}`,
    `batch ${batch}`,
    group === 1 ? `heads ${kvHeads}` : `heads ${kvHeads * group} over ${kvHeads}`,
    `rows of norm ${norm}`,
  ]
  return parts.join(', ')
}
