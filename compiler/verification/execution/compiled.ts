/** Compiled kernels, through the runtime that generated modules use. */
import { createAttention } from '../../../runtime/index.ts'
import type {
  Attention,
  AttentionState,
  CreateOptions,
  ForwardCall,
  Program,
} from '../../../runtime/index.ts'
import { drawProjection } from '../../../runtime/projection/index.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { build } from '../../pipeline.ts'
import { underivable } from '../../schedule/build.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { File } from '../../syntax/ast.ts'
import type { Call, Executor, GradientCall, Platform, Unsupported, Weights } from './executor.ts'
import { inTurns } from './turns.ts'

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
    open: (model, weights) => open(model, weights, { ...options, backend }),
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
    ...executorOf(attention),
    get projection() {
      return attention.projection
    },
    ...(prefill === undefined || step === undefined
      ? {}
      : { decode: (call: Call, prefixes: readonly number[]) => decode(attention, call, prefixes) }),
    ...(underivable(built.algebra) === undefined && {
      backward: async ({ dout, ...call }: GradientCall) => attention.backward({ ...arrays(call), dout }),
    }),
  }
}

function executorOf(attention: Attention): Omit<Executor, 'projection' | 'decode' | 'backward'> {
  return {
    redraw: (seed) => attention.redraw(seed),
    forward: async (call) => attention.forward(arrays(call)),
    destroy: () => attention.destroy(),
  }
}

async function decode(attention: Attention, call: Call, prefixes: readonly number[]): Promise<Float32Array> {
  let state: AttentionState | undefined
  try {
    return await inTurns(call, prefixes, {
      prompt: async (prompt) => {
        const prefilled = await attention.prefill(arrays(prompt))
        state = prefilled.state
        return prefilled.out
      },
      token: async ({ q, k, v, batch, heads, kvHeads }) => {
        invariant(state !== undefined, 'tokens come after a prompt')
        return attention.step(state, { q, k, v, batch, heads, kvHeads })
      },
    })
  } finally {
    state?.destroy()
  }
}

const arrays = (call: Call): ForwardCall<Float32Array> => call
