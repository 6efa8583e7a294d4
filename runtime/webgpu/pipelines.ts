/** Compiled kernels, made once per device: attentions whose kernels are equal share them. */
import { AttentionError, messageOf } from '../errors.ts'
import type { KernelSource } from '../program.ts'
import { COMPUTE_STAGE } from './constants.ts'

const compiled = new WeakMap<GPUDevice, Map<string, Promise<GPUComputePipeline>>>()

export function pipelineFor(
  device: GPUDevice,
  name: string,
  kernel: KernelSource,
): Promise<GPUComputePipeline> {
  const known = compiled.get(device) ?? new Map<string, Promise<GPUComputePipeline>>()
  compiled.set(device, known)
  let pipeline = known.get(kernel.code)
  if (pipeline === undefined) {
    pipeline = compile(device, name, kernel)
    known.set(kernel.code, pipeline)
    // A failure may have been the moment's: the next to ask tries again.
    pipeline.catch(() => known.delete(kernel.code))
  }
  return pipeline
}

async function compile(device: GPUDevice, label: string, kernel: KernelSource): Promise<GPUComputePipeline> {
  checkKernelLimits(device, label, kernel)
  // What is wrong with the module is said by the pipeline, too; here it would reach the device's `uncapturederror`.
  device.pushErrorScope('validation')
  const module = device.createShaderModule({ label, code: kernel.code })
  const entries = [
    { binding: 0, visibility: COMPUTE_STAGE, buffer: { type: 'uniform' as const, hasDynamicOffset: true } },
    ...kernel.bindings.map(({ access }, index) => ({
      binding: index + 1,
      visibility: COMPUTE_STAGE,
      buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
    })),
  ]
  const layout = device.createPipelineLayout({
    label,
    bindGroupLayouts: [device.createBindGroupLayout({ label, entries })],
  })
  const scope = device.popErrorScope()
  try {
    return await device.createComputePipelineAsync({ label, layout, compute: { module } })
  } catch (cause) {
    const detail = (await scope.catch(() => null))?.message ?? messageOf(cause)
    throw new AttentionError('kernel', `The device refused the kernel ${label}: ${detail}`, { cause })
  }
}

function checkKernelLimits(device: GPUDevice, label: string, kernel: KernelSource): void {
  const needs = [
    ['maxComputeWorkgroupStorageSize', kernel.workgroupBytes, 'bytes of workgroup memory'],
    ['maxComputeInvocationsPerWorkgroup', kernel.workgroupSize, 'threads a workgroup'],
    ['maxComputeWorkgroupSizeX', kernel.workgroupSize, 'threads a workgroup'],
    ['maxStorageBuffersPerShaderStage', kernel.bindings.length, 'storage buffers'],
  ] as const
  for (const [limit, need, unit] of needs) {
    const have = device.limits[limit]
    if (need > have) {
      throw new AttentionError(
        'limit',
        `The kernel ${label} needs ${need} ${unit}; this device allows ${have} (${limit}). ` +
          'Request the device with a higher limit where its adapter has it.',
      )
    }
  }
}
