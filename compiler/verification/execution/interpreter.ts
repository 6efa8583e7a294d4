/**
 * Kernels run by the interpreter of the kernel IR, on the host and with race
 * detection. Slow, and the one platform on which a stage can be replaced by a
 * wrong one: the tests of the checks themselves do that.
 */
import { drawProjection } from '../../../runtime/projection/index.ts'
import { fromModel } from '../../algebra/build.ts'
import { evaluateSize } from '../../../runtime/contract/size.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { lower } from '../../kernel/lower/lower.ts'
import { drawnLaw } from '../../semantics/model.ts'
import { schedule } from '../../schedule/build.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { Call, Executor, Platform, Unsupported, Weights } from './executor.ts'
import { isComplete, type Lowered, runPasses, shapeOf } from './run-passes.ts'
import { inTurns, type Sequence } from './turns.ts'

/** What takes the place of what a stage makes. */
export interface Replacements {
  readonly draw?: typeof drawProjection
  readonly model?: (model: AttentionModel) => AttentionModel
  readonly schedule?: (plan: Schedule) => Schedule
  readonly kernels?: (kernels: readonly Kernel[]) => readonly Kernel[]
  readonly call?: (call: Call) => Call
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
  const lowered = (one: Schedule): Lowered => {
    const scheduled = (replace.schedule ?? same)(one)
    return { schedule: scheduled, kernels: (replace.kernels ?? same<readonly Kernel[]>)(lower(scheduled)) }
  }
  const forward = lowered(plan)
  const law = drawnLaw(model)
  const drawn = (seed: number): Float32Array | undefined => law && draw({ ...law, seed })
  let projection = drawn(law?.seed ?? 0)
  const kept = (): Weights => ({ ...weights, ...(projection && { projection }) })
  if (!isComplete(plan, kept())) return { unsupported: 'what a device is given by the runtime' }
  const { prefill, step } = plan.decoding ?? {}
  const decoding = prefill && step && { prefill: lowered(prefill), step: lowered(step) }
  return {
    get projection() {
      return projection
    },
    redraw: (seed) => {
      projection = drawn(seed)
    },
    forward: async (call) => runPasses(forward, { call: (replace.call ?? same)(call), kept: kept() }),
    ...(decoding && {
      decode: (call: Call, prefixes: readonly number[]) =>
        decode(decoding, { call, prefixes, inputs: model.inputs }, kept()),
    }),
    destroy: () => {},
  }
}

/** The state is what both forms keep. */
function decode(
  { prefill, step }: { readonly prefill: Lowered; readonly step: Lowered },
  { call, prefixes, inputs }: Sequence,
  weights: Weights,
): Promise<Float32Array> {
  // A cache has room from the start for all rows, and for tokens of items that are done.
  const capacity = 2 * call.length
  let kept: Weights = weights
  return inTurns(call, prefixes, {
    inputs,
    prompt: (prompt) => {
      const shape = shapeOf(prefill.schedule, prompt, { capacity })
      const states = prefill.schedule.buffers
        .filter(({ role }) => role === 'state')
        .map(({ name, size }) => [name, new Float32Array(evaluateSize(size, shape))] as const)
      kept = { ...weights, ...Object.fromEntries(states) }
      return runPasses(prefill, { call: prompt, kept, capacity })
    },
    token: (one, positions) =>
      // Threads past the last feature read its cell beside its owner, and drop what they read: no race that matters.
      runPasses(step, { call: one, kept, positions, offset: Math.max(...positions), races: false, capacity }),
  })
}
