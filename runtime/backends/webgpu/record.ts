/** Dispatches as commands. */
import { AttentionError } from '../../errors.ts'
import { SHAPE_STRIDE } from './constants.ts'

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

export function dispatch(pass: GPUComputePassEncoder, { pipeline, bindGroup, slice, x, y }: Step): void {
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, bindGroup, [slice * SHAPE_STRIDE])
  pass.dispatchWorkgroups(x, y)
}
