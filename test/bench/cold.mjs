// What a device's compiler costs before the first result: every kernel made and dispatched once, since some drivers
// compile when a pipeline is made and others when it first runs. For Node.js, and for Deno as a program of its own,
// which takes the kernels as JSON from its input.
import process from 'node:process'
import { text } from 'node:stream/consumers'

/** @typedef {import('../../runtime/program.ts').KernelSource} KernelSource */

const usage = { uniform: 0x40, storage: 0x80, compute: 4 }
/** Bytes of each buffer: enough for the shape, all zero, with which every workgroup returns at once. */
const size = 256

/**
 * Seconds that this process computes for the kernels, of whatever threads; what else the machine does counts for little.
 * @param {GPUDevice} device
 * @param {readonly KernelSource[]} kernels
 */
export async function coldTime(device, kernels) {
  const before = process.cpuUsage()
  for (const kernel of kernels) await firstRun(device, kernel)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/**
 * @param {GPUDevice} device
 * @param {KernelSource} kernel
 */
async function firstRun(device, { code, bindings }) {
  /** @type {GPUBufferBindingType[]} */
  const types = [
    'uniform',
    ...bindings.map(({ access }) => (access === 'read' ? 'read-only-storage' : 'storage')),
  ]
  const layout = device.createBindGroupLayout({
    entries: types.map((type, binding) => ({ binding, visibility: usage.compute, buffer: { type } })),
  })
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code }) },
  })
  const buffers = types.map((type) =>
    device.createBuffer({ size, usage: type === 'uniform' ? usage.uniform : usage.storage }),
  )
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }))
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, device.createBindGroup({ layout, entries }))
  pass.dispatchWorkgroups(1)
  pass.end()
  device.queue.submit([encoder.finish()])
  await device.queue.onSubmittedWorkDone()
  for (const buffer of buffers) buffer.destroy()
}

if (process.argv[2] === 'from-input') {
  const adapter = await navigator.gpu.requestAdapter()
  if (adapter === null) throw new Error('there is no WebGPU adapter')
  const device = await adapter.requestDevice()
  const kernels = /** @type {KernelSource[]} */ (JSON.parse(await text(process.stdin)))
  const { description, device: model } = adapter.info
  process.stdout.write(
    JSON.stringify({ seconds: await coldTime(device, kernels), device: description || model }),
  )
}
