/** Dispatches as commands. */
import { AttentionError } from '../errors.ts'
import { BufferUsage, SHAPE_STRIDE } from './constants.ts'

export interface Step {
  readonly kernel: string
  readonly pipeline: GPUComputePipeline
  readonly bindGroup: GPUBindGroup
  /** Of the slice, among those of the call. */
  readonly slice: number
  readonly x: number
  readonly y: number
}

/**
 * A linear count of workgroups in two dimensions, each within the device's
 * limit. There may be more than `count`: kernels leave the surplus idle.
 */
export function fold(device: GPUDevice, count: number, kernel: string): { x: number; y: number } {
  const limit = device.limits.maxComputeWorkgroupsPerDimension
  const y = Math.max(1, Math.ceil(count / limit))
  if (y > limit) {
    throw new AttentionError(
      'limit',
      `The kernel ${kernel} needs ${count} workgroups; this device allows ${limit} × ${limit} ` +
        '(maxComputeWorkgroupsPerDimension). Try fewer batch items or heads per call.',
    )
  }
  return { x: Math.ceil(count / y), y }
}

/** All steps in one pass: each sees what those before it wrote. */
export function record(encoder: GPUCommandEncoder, label: string, steps: readonly Step[]): void {
  const pass = encoder.beginComputePass({ label })
  for (const step of steps) dispatch(pass, step)
  pass.end()
}

/** A pass per step, with its start and end in nanoseconds as u64 pairs in the buffer that is returned. */
export function recordTimed(
  device: GPUDevice,
  encoder: GPUCommandEncoder,
  label: string,
  steps: readonly Step[],
): { readonly times: GPUBuffer; destroy(): void } {
  const count = steps.length * 2
  const querySet = device.createQuerySet({ label, type: 'timestamp', count })
  const times = device.createBuffer({
    label: `${label} times`,
    size: count * 8,
    usage: BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC,
  })
  steps.forEach((step, index) => {
    const timestampWrites = {
      querySet,
      beginningOfPassWriteIndex: index * 2,
      endOfPassWriteIndex: index * 2 + 1,
    }
    const pass = encoder.beginComputePass({ label, timestampWrites })
    dispatch(pass, step)
    pass.end()
  })
  encoder.resolveQuerySet(querySet, 0, count, times, 0)
  const destroy = (): void => {
    querySet.destroy()
    times.destroy()
  }
  return { times, destroy }
}

function dispatch(pass: GPUComputePassEncoder, { pipeline, bindGroup, slice, x, y }: Step): void {
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, bindGroup, [slice * SHAPE_STRIDE])
  pass.dispatchWorkgroups(x, y)
}
