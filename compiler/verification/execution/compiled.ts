/** Compiled kernels, through the runtime that generated modules use. */
import { createAttention } from '../../../runtime/index.ts'
import type { Attention, CreateOptions, ForwardCall, Program } from '../../../runtime/index.ts'
import { drawProjection } from '../../../runtime/projection/index.ts'
import { build } from '../../pipeline.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { File } from '../../syntax/ast.ts'
import { joinedRows, rowsOfCall } from '../cases/rows.ts'
import type { Call, Executor, Platform, Unsupported, Weights } from './executor.ts'

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
      : { decode: (call: Call, prefix: number) => decode(attention, call, prefix) }),
  }
}

function executorOf(attention: Attention): Omit<Executor, 'projection' | 'decode'> {
  return {
    redraw: (seed) => attention.redraw(seed),
    forward: async (call) => attention.forward(arrays(call)),
    destroy: () => attention.destroy(),
  }
}

/** The first rows by `prefill`, each further one by `step`. */
async function decode(attention: Attention, call: Call, prefix: number): Promise<Float32Array> {
  const { batch, heads, kvHeads, length } = call
  const part = (first: number, count: number): Call => ({
    ...rowsOfCall(call, first, count),
    batch,
    heads,
    kvHeads,
    length: count,
    keyLength: count,
  })
  const { out, state } = await attention.prefill(arrays(part(0, prefix)))
  const outputs = [out]
  try {
    for (let row = prefix; row < length; row++) {
      const { q, k, v } = part(row, 1)
      outputs.push(await attention.step(state, { q, k, v, batch, heads, kvHeads }))
    }
  } finally {
    state.destroy()
  }
  return joinedRows(outputs, batch * heads)
}

const arrays = (call: Call): ForwardCall<Float32Array> => call
