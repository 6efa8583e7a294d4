// WebGPU in Node.js for real, on the software device that npm brings.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { gpuFor, nodeGpu, probe } from '../../runtime/node-gpu.ts'
import { softwareDriver } from '../../runtime/backends/webgpu/node/software.ts'
import { deviceRequired, recordDevice, recordSkippedDevice } from '../setup/devices.ts'

const missing = await softwareDriver().then(
  () => undefined,
  (error: Error) => error.message,
)
if (missing !== undefined) recordSkippedDevice('SwiftShader (Dawn)', missing)

describe.skipIf(missing !== undefined && !deviceRequired)('on SwiftShader', () => {
  /** 0, 2, 4, … by a compute shader that doubles each number of a buffer. */
  async function doubled(gpu: GPU, count: number): Promise<Float32Array> {
    const adapter = await gpu.requestAdapter()
    const device = await adapter!.requestDevice()
    const numbers = Float32Array.from({ length: count }, (_, i) => i)
    const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage
    const storage = device.createBuffer({ size: numbers.byteLength, usage: STORAGE | COPY_DST | COPY_SRC })
    const readable = device.createBuffer({ size: numbers.byteLength, usage: COPY_DST | MAP_READ })
    device.queue.writeBuffer(storage, 0, numbers)
    const module = device.createShaderModule({
      code: `@group(0) @binding(0) var<storage, read_write> numbers: array<f32>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
          if (id.x < arrayLength(&numbers)) { numbers[id.x] = 2.0 * numbers[id.x]; }
        }`,
    })
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } })
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer: storage } }],
      }),
    )
    pass.dispatchWorkgroups(Math.ceil(count / 64))
    pass.end()
    encoder.copyBufferToBuffer(storage, 0, readable, 0, numbers.byteLength)
    device.queue.submit([encoder.finish()])
    await readable.mapAsync(GPUMapMode.READ)
    const result = new Float32Array(readable.getMappedRange().slice(0))
    device.destroy()
    return result
  }

  test('a compute shader doubles a thousand numbers, twice', async () => {
    for (let time = 0; time < 2; time++) {
      const { gpu, notes } = await nodeGpu({ software: 'only' })
      expect(notes).toEqual([])
      expect(await doubled(gpu, 1000)).toEqual(Float32Array.from({ length: 1000 }, (_, i) => 2 * i))
    }
    recordDevice('SwiftShader (Dawn)')
  })

  test('the same options give the same object, and the environment is as it was', async () => {
    const before = { ...process.env }
    const [first, second] = await Promise.all([nodeGpu({ software: 'only' }), nodeGpu({ software: 'only' })])
    expect(second.gpu).toBe(first.gpu)
    expect((await nodeGpu({ software: 'auto' })).gpu).not.toBe(first.gpu)
    expect({ ...process.env }).toEqual(before)
  })

  test('auto finds a device, and says so when it is no GPU', async () => {
    const { gpu, notes } = await nodeGpu({ software: 'auto' })
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
    expect(notes.join().includes('No GPU was found')).toBe(adapter!.info.isFallbackAdapter)
  })

  test('probe describes it', async () => {
    const { adapters } = await probe({ software: 'only' })
    expect(adapters).toHaveLength(1)
    expect(adapters[0]).toMatchObject({
      vendor: 'google',
      architecture: 'swiftshader',
      isFallbackAdapter: true,
      subgroupSizes: [4, 4],
    })
    expect(adapters[0]!.features).toContain('timestamp-query')
    expect(adapters[0]!.limits['maxStorageBufferBindingSize']).toBeGreaterThanOrEqual(2 ** 27)
  })

  describe('in a process of its own', () => {
    const built = new URL('../../dist/runtime/node-gpu.js', import.meta.url)
    const directories: string[] = []

    beforeAll(() => {
      if (!existsSync(fileURLToPath(built))) throw new Error('dist/ is missing: npm run build')
    })

    afterEach(async () => {
      for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true })
    })

    /** Runs a module that has nodeGpu in scope; rejects for any other exit status than 0, and after two minutes: it hangs. */
    async function run(code: string, environment: Record<string, string> = {}): Promise<string> {
      const text = `import { nodeGpu } from ${JSON.stringify(built.href)}\n${code}`
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--expose-gc', '--input-type=module', '--eval', text],
        { env: { ...process.env, ...environment }, timeout: 120_000 },
      )
      return stdout.trim()
    }

    async function temporaryDirectory(): Promise<string> {
      const directory = await mkdtemp(join(tmpdir(), 'attnc-test-'))
      directories.push(directory)
      return directory
    }

    const open = `
      const { gpu } = await nodeGpu({ software: 'only' })
      const device = await (await gpu.requestAdapter()).requestDevice()`

    test('it exits by itself when nothing was destroyed', async () => {
      expect(await run(`${open}; console.log('end')`)).toBe('end')
    })

    test('it exits by itself while someone waits for the device to be lost, or for a buffer', async () => {
      const code = `${open}
        device.lost.then(() => console.log('lost'))
        const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ })
        buffer.mapAsync(GPUMapMode.READ).then(() => console.log('mapped'))
        console.log('end')`
      expect(await run(code)).toMatch(/^end/)
    })

    test('a device survives when nothing but it is held and garbage is collected', async () => {
      const code = `
        const device = await (async () => {
          const { gpu } = await nodeGpu({ software: 'only' })
          return (await gpu.requestAdapter()).requestDevice()
        })()
        for (let i = 0; i < 20; i++) { gc(); await new Promise((done) => setTimeout(done, 5)) }
        await device.queue.onSubmittedWorkDone()
        console.log('alive')`
      expect(await run(code)).toBe('alive')
    })

    test('processes that unpack the driver at the same time do not disturb each other', async () => {
      const TMPDIR = await temporaryDirectory()
      const all = Array.from({ length: 4 }, () => run(`${open}; console.log('end')`, { TMPDIR }))
      expect(await Promise.all(all)).toEqual(['end', 'end', 'end', 'end'])
      const left = await readdir(TMPDIR)
      expect(left).toHaveLength(1)
      expect(left[0]).toMatch(/^attnc-swiftshader-[\d.]+-\d+$/)
      const { mode } = await stat(join(TMPDIR, left[0]!))
      expect((mode & 0o777).toString(8)).toBe('700')
    })

    test('a directory that others can write is not trusted, and one that lost a file is filled anew', async () => {
      const TMPDIR = await temporaryDirectory()
      await run(open, { TMPDIR })
      const [name] = await readdir(TMPDIR)
      const directory = join(TMPDIR, name!)

      await rm(join(directory, 'libvk_swiftshader.so'))
      expect(await run(`${open}; console.log('end')`, { TMPDIR })).toBe('end')
      expect(await readdir(directory)).toContain('libvk_swiftshader.so')

      await rm(directory, { recursive: true })
      await mkdir(directory)
      await chmod(directory, 0o777)
      await writeFile(join(directory, 'libvk_swiftshader.so'), 'not a library')
      expect(await run(`${open}; console.log('end')`, { TMPDIR })).toBe('end')
      expect(await readdir(TMPDIR)).toEqual([name])
    })
  })
})

describe('what is wrong is said', () => {
  const rejection = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'nothing',
      (error: unknown) => error,
    )

  test.skipIf(process.platform !== 'linux')('a driver that does not exist', async () => {
    expect(await rejection(nodeGpu({ icd: '/no/such/icd.json' }))).toMatchObject({
      name: 'AttentionError',
      code: 'no-adapter',
      message: 'There is no Vulkan driver manifest /no/such/icd.json.',
    })
    const { adapters, missing } = await probe({ icd: '/no/such/icd.json' })
    expect(adapters).toEqual([])
    expect(missing[0]).toMatchObject({
      what: 'adapter asked for',
      reason: 'There is no Vulkan driver manifest /no/such/icd.json.',
    })
  })

  describe('a device that ATTNC_DEVICE does not know', () => {
    beforeEach(() => void vi.stubEnv('ATTNC_DEVICE', 'swiftshadow'))
    afterEach(() => void vi.unstubAllEnvs())
    const told = {
      code: 'no-adapter',
      message: expect.stringContaining('ATTNC_DEVICE is "swiftshadow"') as string,
    }

    test('where a device is opened', async () => {
      expect(await rejection(nodeGpu())).toMatchObject(told)
    })

    test.each([true, false])('where an attention looks for its own, and software is %o', async (software) => {
      expect(await rejection(gpuFor(software))).toMatchObject(told)
    })
  })
})
