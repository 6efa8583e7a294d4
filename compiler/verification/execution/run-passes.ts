/** A schedule's kernels over buffers on the host, as the runtime runs them on a device. */
import { evaluateSize } from '../../../runtime/contract/size.ts'
import { queryRowsOf } from '../../../runtime/contract/query-lengths.ts'
import { declaredName } from '../../../runtime/contract/tensors.ts'
import { stand, weightNames } from '../../../runtime/contract/weights.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { interpret } from '../../kernel/interpret.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { ShapeField } from '../../../runtime/contract/shape.ts'
import { type BufferPlan, dispatchesOf, type Schedule } from '../../schedule/schedule.ts'
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import type { Call } from './executor.ts'

/** A schedule and its kernels, one a pass. */
export interface Lowered {
  readonly schedule: Schedule
  readonly kernels: readonly Kernel[]
}

export type Buffers = Readonly<Record<string, Float32Array | Uint32Array>>

export interface Run {
  readonly call: Call
  /**
   * Kept from call to call: the projection and its factors under the names of their roles, weights, states. And inputs
   * beside the tensors of the call.
   */
  readonly kept: Buffers
  /** Position of the first query row, or the largest of them. */
  readonly offset?: number
  /** Of each batch item, where they differ. */
  readonly positions?: readonly number[]
  /** Rows that a cache has room for; those of the call where absent. */
  readonly capacity?: number
  /** Whether races are looked for; they are unless said otherwise. */
  readonly races?: boolean
}

export type Shape = Readonly<Record<ShapeField, number>>

export function shapeOf(
  { chunks, groups }: Schedule,
  call: Call,
  { offset = 0, capacity = call.keyLength }: Pick<Run, 'offset' | 'capacity'> = {},
): Shape {
  const { batch, heads, kvHeads, length, keyLength } = call
  const shape = {
    batch,
    heads,
    kvHeads,
    length,
    keyLength,
    chunks: 1,
    offset,
    capacity,
    sliceStart: 0,
    sliceCount: batch * (groups === 'heads' ? heads : kvHeads),
  }
  return { ...shape, chunks: evaluateSize(chunks, shape) }
}

/** Whether everything is there that the schedule wants to be given beside the tensors of a call. */
export const isComplete = ({ buffers }: Schedule, kept: Buffers): boolean =>
  buffers.every((plan) => (plan.role !== 'projection' && plan.role !== 'weight') || keptBuffer(plan, kept))

const keptBuffer = ({ name, role, optional }: BufferPlan, kept: Buffers): Buffers[string] | undefined =>
  kept[role === 'projection' ? role : name] ??
  kept[standFor(name)] ??
  kept[declaredName(name)] ??
  (optional && new Float32Array(1))

/** One weight may stand in for another. */
function standFor(buffer: string): string {
  const weight = weightNames.find((name) => name === buffer)
  return (weight && stand[weight]) ?? buffer
}

/** [batch, heads, length, valueDim]; states among `kept` are changed in place. */
export function runPasses(lowered: Lowered, run: Run): Float32Array {
  const { out } = runAll(lowered, run)
  invariant(out instanceof Float32Array, 'the output is f32')
  return out
}

/** All buffers after a call; states among `kept` are changed in place. */
export function runAll(
  { schedule, kernels }: Lowered,
  { call, kept, positions, races = true, ...sizes }: Run,
): Buffers {
  const shape = shapeOf(schedule, call, sizes)
  const buffers = Object.fromEntries(
    schedule.buffers.map((plan) => [
      plan.name,
      bufferOf(plan, { ...call, ...(positions && { positions }) }, kept, shape),
    ]),
  )
  // A projection is drawn where its factors are known, and a matrix that is given else.
  const kind = kept['factors'] === undefined ? 'given' : 'drawn'
  for (const { pass, buffers: names } of dispatchesOf(schedule)) {
    if (pass.when !== undefined && pass.when !== kind) continue
    const kernel = kernels[schedule.passes.indexOf(pass)]
    invariant(kernel !== undefined, 'every pass has a kernel')
    const bound = kernel.bindings.flatMap(({ name }, place) => {
      const buffer = buffers[names[place] ?? name]
      return buffer === undefined ? [] : [[name, buffer] as const]
    })
    interpret(kernel, Object.fromEntries(bound), shape, { races })
  }
  return buffers
}

/** What no one gives starts as NaN, or as no index of anything, so that nothing unwritten goes unseen. */
export function bufferOf(
  plan: BufferPlan,
  call: Call & Pick<Run, 'positions'>,
  kept: Buffers,
  shape: Shape,
): Float32Array | Uint32Array {
  const { name, role, element, size } = plan
  const { q, k, v, dout } = call
  const count = evaluateSize(size, shape)
  switch (role) {
    case 'input': {
      const given = { q, k, v, dout }[name] ?? kept[name]
      invariant(given !== undefined, `the call has the tensor ${name}`)
      return given
    }
    case 'lengths':
      return Uint32Array.from({ length: call.batch }, (_, item) => countOf(name, call, item, shape))
    case 'heads':
      return Float32Array.from(headNumbers(plan, shape))
    case 'factors':
      return kept[name] ?? new Float32Array(count).fill(Number.NaN)
    case 'data': {
      const given = call.inputs?.[declaredName(name)]
      invariant(given !== undefined, `the call has the input ${declaredName(name)}`)
      return given
    }
    case 'projection':
    case 'weight':
    case 'state': {
      const known = keptBuffer(plan, kept)
      invariant(known !== undefined, `${name} is kept from call to call`)
      return known
    }
    case 'scratch':
    case 'output':
      // What one part of gradients has left is given to the other.
      if (plan.kept === true && kept[name] !== undefined) return kept[name]
      return element === 'u32'
        ? new Uint32Array(count).fill(0xffff_ffff)
        : new Float32Array(count).fill(Number.NaN)
  }
}

function countOf(name: string, call: Call & Pick<Run, 'positions'>, item: number, shape: Shape): number {
  switch (name) {
    case 'positions':
      return call.positions?.[item] ?? shape.offset
    case 'queryLengths':
      return queryRowsOf(call, item)
    default:
      return call.lengths?.[item] ?? shape.capacity
  }
}

/** The number of each query head, in float64. */
export function headNumbers({ size, value }: BufferPlan, shape: Shape): Float64Array {
  return Float64Array.from({ length: evaluateSize(size, shape) }, (_, head) =>
    value === undefined ? Number.NaN : evaluateScalar(value, environmentOf({ head })),
  )
}
