/** An attention on WebGPU, on the caller's device or on one of its own. */
import type { CreateOptions } from '../attention.ts'
import type { Program } from '../program.ts'
import { acquireDevice } from './device.ts'
import { WebgpuAttention } from './webgpu-attention.ts'

export async function openWebgpu(program: Program, options: CreateOptions): Promise<WebgpuAttention> {
  const { device } = options
  return WebgpuAttention.open(program, device ?? (await acquireDevice()), device === undefined, options)
}
