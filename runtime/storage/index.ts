/** Attentions whose tensors are stored in another way than as f32; loaded where `create` is asked for one. */
import type { Attention } from '../attention.ts'
import type { Program } from '../program.ts'
import { HalfAttention } from './half-attention.ts'

/** The same attention on tensors of f16. */
export async function onHalves(program: Program, wide: Attention): Promise<Attention> {
  const device = wide.gpuDevice
  const { HalfBuffers } = device ? await import('./half-buffers.ts') : {}
  return new HalfAttention(wide, program, device && (await HalfBuffers?.open(device, program.name)))
}
