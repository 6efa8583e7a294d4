/**
 * What a call gives, in the shapes of the generated modules, and the rows of
 * one head taken out of it.
 *
 * Letters are those of `runtime/contract/shape.ts`, beside M projections and N landmarks.
 */
import { declaredTensors, drawnLaw, keysAreQueries, weightsOf } from '../semantics/model.ts'
import type { AttentionModel } from '../semantics/model.ts'
import type { CallSizes } from '../../runtime/contract/shape.ts'
import { needsEqualHeads, needsEqualLengths } from '../semantics/owners.ts'
import { countOf, describeAxes, outputHeads } from '../../runtime/contract/tensors.ts'
import type { HeadCounts, TensorPlan } from '../../runtime/contract/tensors.ts'
import { stand, type WeightName } from '../../runtime/contract/weights.ts'
import { checkHeadFactors } from './token-factors.ts'
import { Vector } from './vector.ts'

export type Numbers = Float32Array | Float64Array

/** Weights are those of `weightsOf`; where one is not given, another may stand in for it. */
export interface ReferenceInputs
  extends CallSizes, Omit<HeadCounts, 'heads' | 'kvHeads'>, Readonly<Partial<Record<WeightName, Numbers>>> {
  /** Declared inputs by name, of the shapes that `runtime/contract/tensors.ts` says. */
  readonly inputs?: Readonly<Record<string, Numbers>>
  /** Declared weights by name, likewise. */
  readonly weights?: Readonly<Record<string, Numbers>>
  /** [B, H′, L] Filled with the logarithm of each row's denominator, −∞ where it sees no key. */
  readonly lse?: Float64Array
  /** [B, H′, features, V] The state before the first row of a recurrence; zeros where it is not given. */
  readonly initialState?: Numbers
  /** [B, H′, features, V] Filled with the state behind the last key. */
  readonly finalState?: Float64Array
  /** [B, H, L, D] */
  readonly q: Numbers
  /** [B, KVH, S, D] Not read where the rows of q are the keys, as with `buckets`. */
  readonly k: Numbers
  /** [B, VH, S, V] */
  readonly v: Numbers
  /** Query rows, ascending, that the result has, which then is [B, H, rows, V]; all L where absent. */
  readonly rows?: readonly number[]
  /** [B] Visible key rows of each batch item, all S where absent. */
  readonly lengths?: ArrayLike<number>
  /** [B] Query rows of each batch item that count; where absent as `lengths` where L and S are equal, else all L. */
  readonly queryLengths?: ArrayLike<number>
  /** [M, D] Projections, or the rotations of all rounds. Shared by all heads; the file's own draw where absent. */
  readonly projection?: Numbers
}

/** @throws RangeError where a tensor has another number of entries than its shape, or a head no decay. */
export function checkInputs(model: AttentionModel, inputs: ReferenceInputs): void {
  const { batch, heads, kvHeads, length, keyLength } = inputs
  for (const [name, count] of Object.entries({ batch, heads, kvHeads, length, keyLength }))
    if (!Number.isInteger(count) || count < 1)
      throw new RangeError(`${name}: expected a positive integer, found ${count}`)
  checkHeads(inputs)
  if (inputs.lse !== undefined && model.evaluation !== 'exact')
    throw new RangeError(
      `lse: expected none, since log-sums are of exact attentions and this one is ${model.evaluation}`,
    )
  checkHeadFactors(model, outputHeads(inputs))
  const { dim, valueDim } = model
  expectShape('q', inputs.q, [batch, heads, length, dim])
  expectShape('k', inputs.k, [batch, kvHeads, keyLength, dim])
  expectShape('v', inputs.v, [batch, inputs.valueHeads ?? kvHeads, keyLength, valueDim])
  for (const row of inputs.rows ?? [])
    if (!Number.isInteger(row) || row < 0 || row >= length)
      throw new RangeError(`rows: expected query rows from 0 to ${length - 1}, found ${row}`)
  checkLengths('lengths', inputs.lengths, batch, { keyLength })
  checkLengths('queryLengths', inputs.queryLengths, batch, { length })
  const law = drawnLaw(model)
  if (law !== undefined && inputs.projection !== undefined)
    expectShape('projection', inputs.projection, [law.rows, dim])
  if (keysAreQueries(model) && keyLength !== length)
    throw new RangeError(
      `keyLength: expected the length of the queries (${length}), whose rows are the keys, found ${keyLength}`,
    )
  checkDeclared(model, inputs)
  for (const { name, shape } of weightsOf(model)) {
    const tensor = inputs[name]
    if (tensor === undefined && stand[name] !== undefined) continue
    const sizes = shape.filter((size) => size !== 'keyRows')
    if (sizes.length === shape.length) expectShape(name, tensor, [heads, ...sizes])
    else
      expectPooling(
        name,
        tensor,
        sizes.reduce((rows, size) => rows * size, heads),
        keyLength,
      )
  }
}

/** The head counts of a call. */
export const countsOf = ({ heads, kvHeads, valueHeads, headOrder }: ReferenceInputs): HeadCounts => ({
  heads,
  kvHeads,
  valueHeads,
  headOrder,
})

function checkHeads(inputs: ReferenceInputs): void {
  const { heads, kvHeads, valueHeads = kvHeads } = inputs
  const all = outputHeads(inputs)
  for (const [name, count] of Object.entries({ heads, kvHeads, valueHeads }))
    if (!Number.isInteger(count) || count < 1 || all % count !== 0)
      throw new RangeError(`${name}: expected a divisor of the largest head count (${all}), found ${count}`)
}

/** Every tensor that the file declares, of the size that the call says. */
function checkDeclared(model: AttentionModel, inputs: ReferenceInputs): void {
  const tensors = declaredTensors(model)
  for (const role of ['input', 'weight'] as const) {
    const own = tensors.filter((plan) => plan.role === role)
    const given = inputs[`${role}s`] ?? {}
    const known = own.map(({ name }) => name)
    const stranger = Object.keys(given).find((name) => !known.includes(name))
    if (stranger !== undefined)
      throw new RangeError(`${role}s: expected ${known.join(', ') || 'none'}, found ${stranger}`)
    for (const plan of own) checkTensor(plan, given[plan.name], inputs)
  }
  const { heads, kvHeads, valueHeads = kvHeads } = inputs
  const needs = needsEqualHeads(model)
  if (needs !== undefined && (heads !== kvHeads || heads !== valueHeads))
    throw new RangeError(
      `${needs}: expected as many heads of k (${kvHeads}) and of v (${valueHeads}) as of q (${heads}), since the features of a key see it${needs === 'head' ? '' : '; mark it key or shared'}`,
    )
  if (needsEqualLengths(model) && inputs.length !== inputs.keyLength)
    throw new RangeError(
      `keyLength: expected the length of the queries (${inputs.length}), whose rows see inputs of keys, found ${inputs.keyLength}`,
    )
}

function checkTensor(plan: TensorPlan, tensor: Numbers | undefined, inputs: ReferenceInputs): void {
  const { name, optional, element } = plan
  if (tensor === undefined && optional === true) return
  if (tensor?.length !== countOf(plan, inputs))
    throw new RangeError(
      `${name}: expected ${describeAxes(plan, inputs)} = ${countOf(plan, inputs)} numbers, found ${tensor?.length ?? 'nothing'}`,
    )
  const odd = element === 'integer' ? tensor.find((value) => !isExact(value)) : undefined
  if (odd !== undefined) throw new RangeError(`${name}: expected integers up to 2^24, found ${odd}`)
}

const isExact = (value: number): boolean => Number.isInteger(value) && Math.abs(value) <= 2 ** 24

function expectPooling(name: string, tensor: Numbers | undefined, rows: number, keyLength: number): void {
  const width = (tensor?.length ?? 0) / rows
  if (Number.isInteger(width) && width >= keyLength) return
  throw new RangeError(
    `${name}: expected ${rows} rows of at least keyLength (${keyLength}) numbers, found ${tensor?.length ?? 'nothing'}`,
  )
}

/** @throws RangeError where a tensor has another number of entries than its shape. */
export function expectShape(name: string, tensor: Numbers | undefined, shape: readonly number[]): void {
  const expected = shape.reduce((product, size) => product * size, 1)
  if (tensor?.length === expected) return
  const found = tensor === undefined ? 'nothing' : `${tensor.length}`
  throw new RangeError(`${name}: expected ${shape.join(' × ')} = ${expected} numbers, found ${found}`)
}

function checkLengths(
  name: string,
  lengths: ArrayLike<number> | undefined,
  batch: number,
  size: Readonly<Record<string, number>>,
): void {
  if (lengths === undefined) return
  if (lengths.length !== batch)
    throw new RangeError(`${name}: expected one for each of ${batch} batch items, found ${lengths.length}`)
  for (const [most, limit] of Object.entries(size))
    for (const length of Array.from(lengths))
      if (!Number.isInteger(length) || length < 0 || length > limit)
        throw new RangeError(`${name}: expected integers from 0 to ${most} (${limit}), found ${length}`)
}

/** `count` rows from the start of matrix `index` of a tensor whose matrices are [height, width]. */
export function rowsOf(
  tensor: Numbers,
  index: number,
  height: number,
  width: number,
  count = height,
  factor = 1,
): Vector[] {
  return Array.from({ length: count }, (_, row) => {
    const start = (index * height + row) * width
    return Vector.ofNumbers(
      Float64Array.from(tensor.subarray(start, start + width), (entry) => entry * factor),
    )
  })
}
