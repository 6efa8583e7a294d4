/** The limits of a target's kernels; the defaults hold on every WebGPU device. */
import { InvariantError } from '../diagnostics/invariant.ts'
import type { Kernel } from './kernel.ts'

/** The sizes that `verify` holds a kernel to before a target prints it. */
export interface KernelLimits {
  /** Threads of a workgroup. */
  readonly workgroupSize: number
  /** Bytes of shared memory of a workgroup. */
  readonly workgroupBytes: number
  readonly storageBuffers: number
}

/**
 * The limits that the WebGPU specification guarantees on every device (16384 bytes of workgroup memory, 8
 * storage buffers).
 */
export const defaultLimits: KernelLimits = { workgroupSize: 256, workgroupBytes: 16384, storageBuffers: 8 }

/**
 * What a processor allows a kernel of one thread, whose shared memory is scratch in plain memory: each thread has some
 * of the 4 GiB that 32 bits address, beside all that calls hand over.
 */
const sequentialLimits: KernelLimits = { workgroupSize: 1, workgroupBytes: 2 ** 30, storageBuffers: 16 }

/** A thread would need more scratch than there can be: an error of the file, whose sizes ask for it. */
export class BeyondScratch extends InvariantError {}

/** The limits that a kernel is held to where nobody says others. */
export function limitsOf({ workgroupSize }: Pick<Kernel, 'workgroupSize'>): KernelLimits {
  return workgroupSize === 1 ? sequentialLimits : defaultLimits
}

const bytesOf = { f32: 4, u32: 4, vec4f: 16 } as const

/** Bytes of shared memory; arrays of vec4f are aligned to 16. */
export function sharedBytes(kernel: Pick<Kernel, 'shared'>): number {
  const bytes = kernel.shared.reduce((sum, { element, length }) => {
    const size = bytesOf[element]
    return Math.ceil(sum / size) * size + size * length
  }, 0)
  return Math.ceil(bytes / 16) * 16
}
