/**
 * Kernels run by the interpreter of the kernel IR, on the host and with race
 * detection. Slow, and the one platform on which a stage can be replaced by a
 * wrong one: the tests of the checks themselves do that.
 */
import { drawProjection } from '../../../runtime/projection/index.ts'
import { fromModel } from '../../algebra/build.ts'
import { evaluateSize } from '../../codegen/size.ts'
import { interpret } from '../../kernel/interpret.ts'
import type { Kernel, ShapeField } from '../../kernel/kernel.ts'
import { lower } from '../../kernel/lower/lower.ts'
import { schedule } from '../../schedule/build.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { Call, Executor, Platform, Unsupported, Weights } from './executor.ts'

export interface Replacements {
  readonly draw?: typeof drawProjection
  readonly model?: (model: AttentionModel) => AttentionModel
  readonly schedule?: (plan: Schedule) => Schedule
  readonly kernels?: (kernels: readonly Kernel[]) => readonly Kernel[]
}

export function interpreterPlatform(replacements: Replacements = {}): Platform {
  const { draw = drawProjection } = replacements
  return {
    backend: 'interpreter',
    device: 'the interpreter of kernels',
    draw,
    open: async (model, weights) => open(model, weights, { ...replacements, draw }),
  }
}

const same = <Stage>(stage: Stage): Stage => stage

function open(
  model: AttentionModel,
  weights: Weights = {},
  { draw = drawProjection, ...replace }: Replacements,
): Executor | Unsupported {
  const plan = schedule(fromModel((replace.model ?? same)(model)))
  if ('unsupported' in plan) return plan
  const scheduled = (replace.schedule ?? same)(plan)
  const kernels = (replace.kernels ?? same<readonly Kernel[]>)(lower(scheduled))
  const { projections, dim } = model
  const drawn = (seed: number): Float32Array | undefined =>
    projections && draw({ ...projections, rows: projections.count, dim, seed })
  let projection = drawn(projections?.seed ?? 0)
  return {
    get projection() {
      return projection
    },
    redraw: (seed) => {
      projection = drawn(seed)
    },
    forward: async (call) =>
      runPasses(scheduled, kernels, call, { ...weights, ...(projection && { projection }) }),
    destroy: () => {},
  }
}

/** All passes over host buffers. What is not an input starts as NaN, so that nothing unwritten goes unseen. */
export function runPasses(
  plan: Schedule,
  kernels: readonly Kernel[],
  call: Call,
  constants: Readonly<Record<string, Float32Array>>,
): Float32Array {
  const shape = shapeOf(plan, call)
  const { q, k, v } = call
  const lengths = Uint32Array.from(call.lengths ?? new Array<number>(call.batch).fill(call.keyLength))
  const given: Readonly<Record<string, Float32Array | Uint32Array>> = { q, k, v, lengths, ...constants }
  const buffers = Object.fromEntries(
    plan.buffers.map(({ name, role, size }) => {
      const known = role === 'projection' ? constants['projection'] : given[name]
      return [name, known ?? new Float32Array(evaluateSize(size, shape)).fill(Number.NaN)]
    }),
  )
  for (const kernel of kernels) interpret(kernel, buffers, shape)
  return buffers['out'] as Float32Array
}

function shapeOf(plan: Schedule, call: Call): Readonly<Record<ShapeField, number>> {
  const { batch, heads, kvHeads, length, keyLength } = call
  return {
    batch,
    heads,
    kvHeads,
    length,
    keyLength,
    chunks: Math.max(1, Math.ceil(keyLength / plan.chunk)),
    offset: 0,
    capacity: keyLength,
    sliceStart: 0,
    sliceCount: batch * kvHeads,
  }
}
