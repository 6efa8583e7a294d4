/** Compiled kernels, through the runtime that generated modules use. */
import { createAttention } from '../../../runtime/index.ts'
import type {
  Attention,
  AttentionState,
  CreateOptions,
  ForwardCall,
  Program,
  Tensor,
} from '../../../runtime/index.ts'
import { drawProjection } from '../../../runtime/projection/index.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { build } from '../../pipeline.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { File } from '../../syntax/ast.ts'
import type { Call, Executor, GradientCall, Platform, Unsupported, Weights } from './executor.ts'
import { entriesOf, onHalves } from './halves.ts'
import { inTurns, type Sequence } from './turns.ts'

/** @param options how each attention is made, such as on which device */
export function compiledPlatform(
  backend: Program['target'],
  device: string,
  options: Pick<CreateOptions, 'device'> = {},
): Platform {
  return {
    backend,
    device,
    draw: drawProjection,
    open: (model, weights, storage) => open(model, weights, { ...options, backend, storage }),
  }
}

/** A variant of an attention may stand in no file, and runs on no backend but its own. */
const undeclared: File = { kind: 'file', declarations: [], comments: [], span: { start: 0, end: 0 } }

async function open(
  model: AttentionModel,
  weights: Weights | undefined,
  options: CreateOptions & { readonly backend: Program['target'] },
): Promise<Executor | Unsupported> {
  const built = build(model, undeclared, options.backend)
  if ('unsupported' in built) return { unsupported: built.unsupported }
  const attention = await createAttention(built.program, { ...options, weights })
  const { prefill, step } = built.program.forms
  return {
    ...executorOf(attention, options.storage),
    get projection() {
      return attention.projection
    },
    ...(prefill === undefined || step === undefined
      ? {}
      : {
          decode: (call: Call, prefixes: readonly number[]) =>
            decode(attention, { call, prefixes, inputs: model.inputs }, options.storage),
        }),
    backward: async ({ dout, wrt, ...call }: GradientCall) =>
      attention.backward({ ...arrays(call), dout, wrt }),
    underivable: async () => (await built.program.gradients?.())?.underivable,
  }
}

function executorOf(
  attention: Attention,
  storage: CreateOptions['storage'],
): Omit<Executor, 'projection' | 'decode' | 'backward' | 'underivable'> {
  return {
    redraw: (seed) => attention.redraw(seed),
    forward: async (call) =>
      storage === 'f16'
        ? onHalves(arrays(call), entriesOf(attention, call), (halves) => attention.forward(halves))
        : attention.forward(arrays(call)),
    destroy: () => attention.destroy(),
  }
}

async function decode(
  attention: Attention,
  { call, prefixes, inputs }: Sequence,
  storage: CreateOptions['storage'],
): Promise<Float32Array> {
  let state: AttentionState | undefined
  const prefill = async <T extends Tensor>(given: ForwardCall<T>): Promise<T> => {
    const prefilled = await attention.prefill(given)
    state = prefilled.state
    return prefilled.out
  }
  const step = async <T extends Tensor>(token: ForwardCall<T>): Promise<T> => {
    const { q, k, v, inputs, batch, heads, kvHeads } = token
    invariant(state !== undefined, 'tokens come after a prompt')
    return attention.step(state, { q, k, v, ...(inputs && { inputs }), batch, heads, kvHeads })
  }
  const run = async (
    given: ForwardCall<Float32Array>,
    by: <T extends Float32Array | Uint16Array>(one: ForwardCall<T>) => Promise<T>,
  ): Promise<Float32Array> =>
    storage === 'f16' ? onHalves(given, entriesOf(attention, given), by) : by(given)
  try {
    return await inTurns(call, prefixes, {
      inputs,
      prompt: async (prompt) => run(arrays(prompt), prefill),
      token: async (token) => run(arrays(token), step),
    })
  } finally {
    state?.destroy()
  }
}

const arrays = (call: Call): ForwardCall<Float32Array> => call
