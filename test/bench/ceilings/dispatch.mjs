// One kernel, timed by the device's own clock.

/**
 * @typedef {object} Work
 * @property {string} label
 * @property {string} code WGSL with an entry point `main`, buffers in group 0 in the order of `buffers`
 * @property {readonly GPUBuffer[]} buffers
 * @property {readonly [number, number]} workgroups
 */

/**
 * @param {GPUDevice} device with `timestamp-query`
 * @param {Work} work
 * @param {number} samples
 * @returns {Promise<number[]>} milliseconds of each dispatch after a first one, which warms up
 */
export async function timeDispatch(device, { label, code, buffers, workgroups }, samples) {
  const module = device.createShaderModule({ label, code })
  const pipeline = await device.createComputePipelineAsync({ label, layout: 'auto', compute: { module } })
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  })
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 })
  const resolved = device.createBuffer({
    size: 16,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  })
  const staging = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST })
  const times = []
  for (let sample = 0; sample <= samples; sample++) {
    const encoder = device.createCommandEncoder()
    const timestampWrites = { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 }
    const pass = encoder.beginComputePass({ label, timestampWrites })
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bindGroup)
    pass.dispatchWorkgroups(...workgroups)
    pass.end()
    encoder.resolveQuerySet(querySet, 0, 2, resolved, 0)
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16)
    device.queue.submit([encoder.finish()])
    await staging.mapAsync(GPUMapMode.READ)
    const [begin = 0n, end = 0n] = new BigUint64Array(staging.getMappedRange())
    times.push(Number(end - begin) / 1e6)
    staging.unmap()
  }
  querySet.destroy()
  resolved.destroy()
  staging.destroy()
  return times.slice(1)
}
