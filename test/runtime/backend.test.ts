// Which backend runs, and what happens where one is missing. The other packages and the devices are stand-ins.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { AttentionError, createAttention } from '../../runtime/index.ts'
import { softmaxCells } from '../gpujs/programs.ts'
import { copy, softmax } from './programs.ts'
import { programOf } from './wasm-programs.ts'

const { importPackage, gpuFor } = vi.hoisted(() => ({ importPackage: vi.fn(), gpuFor: vi.fn() }))
vi.mock('../../runtime/node/packages.ts', async (original) => ({
  ...(await original<object>()),
  importPackage,
}))
vi.mock('../../runtime/node-gpu.ts', async (original) => ({ ...(await original<object>()), gpuFor }))

afterEach(() => {
  vi.resetAllMocks()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const noAdapter = { gpu: { requestAdapter: () => Promise.resolve(null) }, notes: ['The driver is missing.'] }
const noPackage = (): Promise<never> => Promise.reject(new Error('Cannot find package attnc'))
const x = new Float32Array([1, 2])
const call = { q: x, k: x, v: x, length: 2 }

/** Doubles v, and shows what it was given. */
const packageStandIn = () => {
  const inputs: unknown[] = []
  const reference = vi.fn((_source: string, _name: string) => (given: { v: Float32Array }) => {
    inputs.push(given)
    return Float64Array.from(given.v, (entry) => entry * 2)
  })
  return { reference, inputs }
}

describe('the backend reference', () => {
  test('is given the file, the call and what create was given', async () => {
    const { reference, inputs } = packageStandIn()
    importPackage.mockResolvedValue({ reference })
    const weights = { conv: new Float32Array(3) }
    const program = programFrom(softmax(1, 1, true))
    const attention = await createAttention(program, { backend: 'reference', weights })
    expect(attention).toMatchObject({
      backend: 'reference',
      name: 'weighted',
      dim: 1,
      device: 'CPU, float64',
    })
    const out = await attention.forward({ ...call, lengths: [1] })
    expect(out).toBeInstanceOf(Float32Array)
    expect([...out]).toEqual([2, 4])
    expect(importPackage).toHaveBeenCalledWith('attnc')
    expect(reference).toHaveBeenCalledWith(program.source, 'weighted')
    const { q, k, v } = call
    const sizes = { length: 2, keyLength: 2, batch: 1, heads: 1, kvHeads: 1 }
    expect(inputs[0]).toMatchObject({
      q,
      k,
      v,
      ...sizes,
      conv: weights.conv,
      projection: attention.projection,
    })
    expect((inputs[0] as { lengths: unknown }).lengths).toEqual(new Uint32Array([1]))
    await expect(attention.forward({ ...call, length: 3 })).rejects.toThrow(RangeError)
    await expect(attention.prefill(call)).rejects.toMatchObject({
      code: 'form',
      message: expect.stringMatching(/prefill/) as unknown,
    })
    expect(() => attention.encode({} as never, {} as never, { length: 1 })).toThrow(/encode/)
    attention.destroy()
    await expect(attention.forward(call)).rejects.toMatchObject({ code: 'destroyed' })
  })

  test('takes no buffers', async () => {
    importPackage.mockResolvedValue(packageStandIn())
    const v = { mapAsync: () => {}, usage: 0x80, size: 8 } as never
    using attention = await createAttention(programFrom(copy), { backend: 'reference' })
    await expect(attention.forward({ q: v, k: v, v, length: 2 })).rejects.toMatchObject({ code: 'backend' })
  })

  test('without the package says what to install', async () => {
    importPackage.mockImplementation(noPackage)
    const create = createAttention(programFrom(copy), { backend: 'reference' })
    await expect(create).rejects.toMatchObject({
      code: 'backend',
      message: expect.stringMatching(/npm install attnc/) as unknown,
    })
  })
})

describe('without a device', () => {
  test('the reference takes over, and says so once', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    gpuFor.mockResolvedValue(noAdapter)
    importPackage.mockResolvedValue(packageStandIn())
    for (let count = 0; count < 3; count++) {
      using attention = await createAttention(programFrom(copy))
      expect(attention.backend).toBe('reference')
      expect([...(await attention.forward(call))]).toEqual([2, 4])
    }
    expect(warn).toHaveBeenCalledOnce()
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/copy runs on the CPU.*driver is missing/))
  })

  test('also where another module with a runtime of its own looked for it', async () => {
    vi.spyOn(console, 'warn').mockReturnValue()
    const theirs = Object.assign(new Error('none'), { name: 'AttentionError', code: 'no-adapter' })
    gpuFor.mockRejectedValue(theirs)
    importPackage.mockResolvedValue(packageStandIn())
    using attention = await createAttention(programFrom(copy))
    expect(attention.backend).toBe('reference')
  })

  test('and without the package, the missing device is the error', async () => {
    gpuFor.mockResolvedValue(noAdapter)
    importPackage.mockImplementation(noPackage)
    await expect(createAttention(programFrom(copy))).rejects.toMatchObject({
      code: 'no-adapter',
      message: expect.stringMatching(/driver is missing/) as unknown,
    })
  })

  test.each([
    { description: 'SwiftShader driver 5.0.0' },
    { device: 'llvmpipe (LLVM 15.0.6, 256 bits)' },
    { description: 'Microsoft Basic Render Driver' },
    { vendor: 'unheard of', isFallbackAdapter: true },
  ])('and with $description$device$vendor alone, which is no GPU', async (info) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const requestDevice = vi.fn(() => Promise.reject(new Error('none')))
    const adapter = { info, features: new Set(), limits: {}, requestDevice }
    const gpu = { requestAdapter: () => Promise.resolve(adapter) }
    gpuFor.mockImplementation(async (software: boolean) => ({ gpu, notes: [], any: software }))
    importPackage.mockResolvedValue(packageStandIn())
    using attention = await createAttention(programFrom({ ...copy, name: JSON.stringify(info) }))
    expect(attention.backend).toBe('reference')
    expect(gpuFor).toHaveBeenLastCalledWith(false)
    expect(requestDevice).not.toHaveBeenCalled()
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/offers no GPU/))
    await expect(createAttention(programFrom(copy), { backend: 'webgpu' })).rejects.toThrow('none')
    expect(gpuFor).toHaveBeenLastCalledWith(true)
  })

  test.each([
    { vendor: 'nvidia', architecture: 'hopper', device: '', description: 'NVIDIA H200' },
    // As in browsers that had WebGPU before adapters said what they are.
    undefined,
  ])('and a GPU is asked for its device: %j', async (info) => {
    const requestDevice = vi.fn(() => Promise.reject(new Error('it is taken')))
    const adapter = { info, features: new Set(), limits: {}, requestDevice }
    const gpu = { requestAdapter: () => Promise.resolve(adapter) }
    gpuFor.mockImplementation(async (software: boolean) => ({ gpu, notes: [], any: software }))
    importPackage.mockImplementation(noPackage)
    await expect(createAttention(programFrom(copy))).rejects.toMatchObject({
      code: 'no-adapter',
      message: expect.stringMatching(/it is taken/) as unknown,
    })
    expect(requestDevice).toHaveBeenCalledOnce()
  })

  test('a backend asked for by name is that one or an error', async () => {
    const missing = new AttentionError('no-webgpu', 'The package webgpu did not load.')
    gpuFor.mockRejectedValue(missing)
    await expect(createAttention(programFrom(copy), { backend: 'webgpu' })).rejects.toBe(missing)
    expect(importPackage).not.toHaveBeenCalled()
  })
})

test('without WebAssembly, the reference runs what was compiled for it', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue()
  vi.stubGlobal('WebAssembly', undefined)
  importPackage.mockImplementation(async (name: string) =>
    name === 'attnc' ? packageStandIn() : noPackage(),
  )
  using attention = await createAttention(programOf('twice'))
  expect(attention.backend).toBe('reference')
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(/twice runs on the CPU.*no WebAssembly here/))
})

describe('without WebGPU, gpu.js', () => {
  const cells = programFrom({ ...softmaxCells(1, 1), name: 'copy' })
  /** Packages by name; those that are not here are missing. */
  const install = (packages: Readonly<Record<string, unknown>>): void => {
    importPackage.mockImplementation(async (name: string) => packages[name] ?? noPackage())
  }
  const compiler = (program = cells) => ({
    ...packageStandIn(),
    compile: vi.fn(() => ({ modules: [{ program }], diagnostics: [] })),
  })

  test('takes over, with kernels that the package compiles for it, and says so once', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    gpuFor.mockResolvedValue(noAdapter)
    const attnc = compiler()
    install({ attnc, 'gpu.js': await import('gpu.js') })
    const program = programFrom({ ...copy, name: 'second' })
    for (let count = 0; count < 2; count++) {
      using attention = await createAttention(program)
      expect(attention).toMatchObject({ backend: 'gpujs', device: 'gpu.js webasm' })
      const [first, second] = await attention.forward({ ...call, q: new Float32Array(2) })
      expect([first, second]).toEqual([1.5, 1.5])
    }
    expect(attnc.compile).toHaveBeenCalledWith(program.source, { target: 'gpujs', only: 'second' })
    expect(warn).toHaveBeenCalledOnce()
    expect(warn).toHaveBeenCalledWith(
      expect.stringMatching(/second runs on gpu\.js webasm.*driver is missing/),
    )
  })

  test('asked for by name is that one or an error', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    install({ attnc: compiler() })
    const missing = { code: 'no-gpujs', message: expect.stringMatching(/npm install gpu\.js/) as unknown }
    await expect(createAttention(cells, { backend: 'gpujs' })).rejects.toMatchObject(missing)
    await expect(createAttention(programFrom(copy), { backend: 'gpujs' })).rejects.toMatchObject(missing)
    expect(warn).not.toHaveBeenCalled()
  })

  test('and without gpu.js, the reference', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    install({ attnc: packageStandIn() })
    using attention = await createAttention(programFrom({ ...softmaxCells(1, 1), name: 'third' }))
    expect(attention.backend).toBe('reference')
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/third runs on the CPU.*npm install gpu\.js/))
    gpuFor.mockResolvedValue(noAdapter)
    importPackage.mockImplementation(async (name: string) =>
      name === 'attnc'
        ? { compile: () => ({ modules: [{ program: cells }], diagnostics: [] }) }
        : noPackage(),
    )
    await expect(createAttention(programFrom(copy))).rejects.toMatchObject({
      code: 'no-adapter',
      message: expect.stringMatching(/driver is missing.*npm install gpu\.js/) as unknown,
    })
  })

  test('has nothing to run on without WebAssembly, and the reference takes over', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    vi.stubGlobal('WebAssembly', undefined)
    install({ attnc: packageStandIn(), 'gpu.js': await import('gpu.js') })
    await expect(createAttention(cells, { backend: 'gpujs' })).rejects.toMatchObject({ code: 'no-wasm' })
    using attention = await createAttention(programFrom({ ...softmaxCells(1, 1), name: 'fourth' }))
    expect(attention.backend).toBe('reference')
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/fourth runs on the CPU.*WebGL 2 or WebAssembly/))
  })

  test('a program that cannot be compiled for another target says how to get one', async () => {
    const nothing = { modules: [], diagnostics: [{ message: 'there is no sort' }] }
    install({ attnc: { compile: () => nothing }, 'gpu.js': await import('gpu.js') })
    await expect(createAttention(programFrom(copy), { backend: 'gpujs' })).rejects.toMatchObject({
      code: 'backend',
      message: expect.stringMatching(
        /compiled for webgpu, not for gpujs.*there is no sort.*--target gpujs/,
      ) as unknown,
    })
  })
})
