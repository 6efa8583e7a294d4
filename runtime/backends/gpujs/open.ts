/** An attention on gpu.js. */
import { AttentionError } from '../../errors.ts'
import type { Open } from '../backend.ts'
import { GpujsAttention } from './gpujs-attention.ts'

/** Opens a program for gpujs, without a device of the caller's. */
export const open: Open = async (program, options) => {
  if (options.device === undefined) return GpujsAttention.open(program, options)
  throw new AttentionError(
    'backend',
    `${program.name} would run on gpu.js, which takes no GPUDevice. Leave out device, or ask for the backend webgpu.`,
  )
}
