/** An attention on WebGPU, on the caller's device or on one of its own. */
import type { Open } from '../backend.ts'
import { acquireDevice } from './device.ts'
import { WebgpuAttention } from './webgpu-attention.ts'

/** Opens a program for webgpu. */
export const open: Open = async (program, options) => {
  const { device, drawing, projection, backend } = options
  const fitting = drawing?.programFor?.(program, projection === undefined ? 'drawn' : 'given') ?? program
  return WebgpuAttention.open(
    fitting,
    device ?? (await acquireDevice(backend !== undefined)),
    device === undefined,
    options,
  )
}
