/** Runs one kernel on a WebGPU device, for tests: buffers in, the same buffers' contents out. */
import { wgsl } from '../../compiler/targets/webgpu/print.ts'
import { shapeFields } from '../../runtime/contract/shape.ts'
import type { ShapeField } from '../../runtime/contract/shape.ts'
import type { Kernel } from '../../compiler/kernel/kernel.ts'
import { nodeGpu } from '../../runtime/node-gpu.ts'
import { recordDevice } from '../setup/devices.ts'

type Contents = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

export async function openSwiftShader(): Promise<GPUDevice> {
  const { gpu } = await nodeGpu({ software: 'only' })
  const adapter = await gpu.requestAdapter()
  if (adapter === null) throw new Error('SwiftShader is not to be had')
  recordDevice('SwiftShader (Dawn)')
  return adapter.requestDevice()
}

/** @param workgroups as the dispatch is given it, folded and rounded up or not */
export async function runOnDevice(
  device: GPUDevice,
  kernel: Kernel,
  buffers: Readonly<Record<string, Contents>>,
  shape: Readonly<Record<ShapeField, number>>,
  workgroups: readonly [number, number],
): Promise<Record<string, Contents>> {
  const { code, bindings } = wgsl(kernel)
  const layout = device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform' } },
      ...bindings.map(({ access }, index): GPUBindGroupLayoutEntry => ({
        binding: index + 1,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
      })),
    ],
  })
  const module = device.createShaderModule({ code })
  const { messages } = await module.getCompilationInfo()
  if (messages.length > 0)
    throw new Error(`${messages.map(({ lineNum, message }) => `${lineNum}: ${message}`).join('\n')}\n${code}`)
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module },
  })

  const made: GPUBuffer[] = []
  const upload = (contents: Contents, usage: GPUBufferUsageFlags): GPUBuffer => {
    const buffer = device.createBuffer({ size: contents.byteLength, usage: usage | GPUBufferUsage.COPY_DST })
    device.queue.writeBuffer(buffer, 0, contents)
    made.push(buffer)
    return buffer
  }
  const uniform = upload(
    Uint32Array.from(shapeFields, (field) => shape[field]),
    GPUBufferUsage.UNIFORM,
  )
  const storage = bindings.map(({ name }) =>
    upload(buffers[name]!, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC),
  )
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout,
      entries: [uniform, ...storage].map((buffer, binding) => ({ binding, resource: { buffer } })),
    }),
  )
  pass.dispatchWorkgroups(...workgroups)
  pass.end()
  const copies = storage.map((buffer) => {
    const copy = device.createBuffer({
      size: buffer.size,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    })
    encoder.copyBufferToBuffer(buffer, 0, copy, 0, buffer.size)
    made.push(copy)
    return copy
  })
  device.queue.submit([encoder.finish()])
  await Promise.all(copies.map((copy) => copy.mapAsync(GPUMapMode.READ)))
  const results = bindings.map(({ name }, index) => {
    const bytes = copies[index]!.getMappedRange().slice(0)
    return [
      name,
      buffers[name] instanceof Float32Array ? new Float32Array(bytes) : new Uint32Array(bytes),
    ] as const
  })
  made.forEach((buffer) => buffer.destroy())
  return Object.fromEntries(results)
}
