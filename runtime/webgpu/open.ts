/** An attention on WebGPU, on the caller's device or on one of its own. */
import type { CreateOptions } from '../attention.ts'
import type { Program } from '../program.ts'
import { acquireDevice } from './device.ts'
import { WebgpuAttention } from './webgpu-attention.ts'

export async function openWebgpu(program: Program, options: CreateOptions): Promise<WebgpuAttention> {
  const { device } = options
  const fitting = await withFittingDispatches(program, options)
  return WebgpuAttention.open(fitting, device ?? (await acquireDevice()), device === undefined, options)
}

/** Few programs have dispatches for one kind of projections alone. */
async function withFittingDispatches(program: Program, { projection }: CreateOptions): Promise<Program> {
  const forms = Object.values(program.forms)
  if (!forms.some(({ dispatches }) => dispatches.some((dispatch) => 'when' in dispatch))) return program
  const { programFor } = await import('./projection-kind.ts')
  return programFor(program, projection === undefined ? 'drawn' : 'given')
}
