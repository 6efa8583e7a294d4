/** Compiled kernels on a WebGPU device, through the runtime that generated modules use. */
import { createAttention } from '../../../runtime/index.ts'
import type { Attention, ForwardCall } from '../../../runtime/index.ts'
import { acquireDevice, deviceName } from '../../../runtime/webgpu/device.ts'
import { drawProjection } from '../../../runtime/projection/index.ts'
import { build } from '../../pipeline.ts'
import { joinedRows, rowsOfCall } from '../cases/rows.ts'
import type { Call, Executor, Platform } from './executor.ts'

/** On the caller's device, or on one of its own that lives as long as the process. */
export async function webgpuPlatform(given?: GPUDevice): Promise<Platform> {
  const device = given ?? (await acquireDevice())
  return {
    backend: 'webgpu',
    device: deviceName(device),
    draw: drawProjection,
    open: async (model, weights) => {
      const built = build(model, { file: 'verification', text: '' })
      if ('unsupported' in built) return { unsupported: built.unsupported }
      const attention = await createAttention(built.program, {
        backend: 'webgpu',
        device,
        ...(weights === undefined ? {} : { weights }),
      })
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
    },
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

function arrays({ lengths, ...call }: Call): ForwardCall<Float32Array> {
  return lengths === undefined ? call : { ...call, lengths: Uint32Array.from(lengths) }
}
