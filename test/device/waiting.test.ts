// A wait for a device asks it seldom, and gets its answer.
import { expect, test } from 'vitest'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'

/** Long enough to be asked many thousand times by a loop that does nothing else. */
const slow = `
@group(0) @binding(0) var<storage, read_write> sum: array<f32>;
@compute @workgroup_size(1) fn main() {
  for (var n = 0u; n < 3000000u; n++) { sum[0] = sum[0] * 0.5 + 1.0; }
}`

test.each(enoughDevices)('a wait does not keep a processor busy: %s', async (name) => {
  const device = await testDevice(name)
  const before = globalThis.setImmediate
  let asked = 0
  globalThis.setImmediate = Object.assign(
    (callback: () => void, ...args: []) => ((asked += 1), before(callback, ...args)),
    before,
  )
  try {
    const module = device.createShaderModule({ code: slow })
    const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } })
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC
    const sum = device.createBuffer({ size: 4, usage })
    const read = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST })
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    const entries = [{ binding: 0, resource: { buffer: sum } }]
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }))
    pass.dispatchWorkgroups(1)
    pass.end()
    encoder.copyBufferToBuffer(sum, 0, read, 0, 4)

    asked = 0
    const start = performance.now()
    device.queue.submit([encoder.finish()])
    await read.mapAsync(GPUMapMode.READ)
    const milliseconds = performance.now() - start
    expect(new Float32Array(read.getMappedRange())[0]).toBeCloseTo(2, 5)
    expect(milliseconds).toBeGreaterThan(10)
    // More than fits into the eager half of a millisecond, and a fraction of what a loop without pauses asks.
    expect(asked).toBeLessThan(2000)
  } finally {
    globalThis.setImmediate = before
  }
})
