// What runs a generated attention: each backend of the runtime, and the interpreter of kernels, which sees races.
import { build } from '../../compiler/pipeline.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, Backend, ForwardCall, StepCall } from '../../runtime/index.ts'
import type { File } from '../../compiler/syntax/ast.ts'
import { testDevice } from '../setup/test-devices.ts'
import type { Case } from './arbitraries/cases.ts'
import { interpretedBy } from './interpreted.ts'
import { weightsOf } from './tensors.ts'

export type Call = ForwardCall<Float32Array>

export interface Executor {
  forward(call: Call): Promise<Float32Array>
  /** The results of the prompt and of each step; absent where the attention has no state. */
  readonly decode?: (
    prompt: Call,
    steps: readonly StepCall<Float32Array>[],
    restored: boolean,
  ) => Promise<Float32Array[]>
  destroy(): void
}

export interface Parsed {
  readonly tree: File
  readonly model: AttentionModel
}

/** Nothing where there are no kernels for an attention. */
export type Open = (one: Case, parsed: Parsed) => Promise<Executor | undefined>
export type Executors = Readonly<Record<string, Open>>

const onBackend =
  (name: Backend): Open =>
  async (one, { tree, model }) => {
    const built = build(model, tree, name === 'reference' ? undefined : name)
    if ('unsupported' in built) return undefined
    const attention = await createAttention(built.program, {
      weights: weightsOf(one),
      ...(name === 'webgpu' ? { device: await testDevice('SwiftShader') } : { backend: name }),
    })
    const decodes = built.program.forms.prefill !== undefined && built.program.forms.step !== undefined
    return {
      forward: async (call) => attention.forward(call),
      ...(decodes && {
        decode: async (prompt: Call, steps: readonly StepCall<Float32Array>[], restored: boolean) =>
          decode(attention, prompt, steps, restored),
      }),
      destroy: () => attention.destroy(),
    }
  }

async function decode(
  attention: Attention,
  prompt: Call,
  steps: readonly StepCall<Float32Array>[],
  restored: boolean,
): Promise<Float32Array[]> {
  const { out, state: first } = await attention.prefill(prompt)
  const state = restored ? await attention.restore(await first.save()) : first
  const outputs = [out]
  for (const step of steps) outputs.push(await attention.step(state, step))
  first.destroy()
  state.destroy()
  return outputs
}

export const executors: Executors = {
  reference: onBackend('reference'),
  wasm: onBackend('wasm'),
  gpujs: onBackend('gpujs'),
  webgpu: onBackend('webgpu'),
  interpreter: interpretedBy(),
}
