/** Compiled kernels, made once per device: attentions whose kernels are equal share them. */
import { messageOf } from '../../errors.ts'
import type { KernelSource } from '../../program.ts'
import { COMPUTE_STAGE } from './constants.ts'

/** Kernels kept for attentions to come. */
const KEPT = 128

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
    const [oldest] = known.keys()
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest)
    // A failure may have been the moment's: the next to ask tries again.
    pipeline.catch(() => known.delete(kernel.code))
  }
  return pipeline
}

async function compile(device: GPUDevice, label: string, kernel: KernelSource): Promise<GPUComputePipeline> {
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
    const { refusal } = await import('./refusal.ts')
    throw refusal(device, label, kernel, detail, cause)
  }
}
