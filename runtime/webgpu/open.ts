/** An attention on WebGPU, on the caller's device or on one of its own. */
import type { Program } from '../program.ts'
import type { Opening } from '../projection/lazy.ts'
import { acquireDevice } from './device.ts'
import { WebgpuAttention } from './webgpu-attention.ts'

export async function openWebgpu(program: Program, options: Opening): Promise<WebgpuAttention> {
  const { device, drawing, projection } = options
  const fitting = drawing?.programFor?.(program, projection === undefined ? 'drawn' : 'given') ?? program
  return WebgpuAttention.open(fitting, device ?? (await acquireDevice()), device === undefined, options)
}
