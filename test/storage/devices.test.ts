// Kernels on f16 beside the float64 reference on the same numbers: with shader-f16 and without, at odd widths and in fours.
import { afterAll, describe, expect, test } from 'vitest'
import { nodeGpu } from '../../runtime/node-gpu.ts'
import { createAttention } from '../../runtime/index.ts'
import { narrow, widen } from '../../runtime/storage/half.ts'
import { compileOne, expected, normals, tensors } from '../numeric/harness.ts'
import type { Sizes } from '../numeric/harness.ts'
import { recordDevice, recordSkippedDevice } from '../setup/devices.ts'
import { lavapipe } from '../setup/test-devices.ts'

const attentions = {
  'exact, in fours': 'attention a { dim: 12 value_dim: 64 kernel: exp(dot(q, k)) scale: 1 / sqrt(dim) }',
  'exact, of odd widths': 'attention a { dim: 5 value_dim: 3 kernel: exp(dot(q, k)) mask: causal }',
  'exact, without a product': 'attention a { dim: 8 value_dim: 4 kernel: exp(-norm(q - k)) }',
  'features, in fours': 'attention a { dim: 8 value_dim: 32 feature: elu1 mask: causal }',
  'features, of odd widths': 'attention a { dim: 3 value_dim: 5 feature: favor projections: 6 }',
} as const
const names = Object.keys(attentions) as (keyof typeof attentions)[]

/** SwiftShader has no shader-f16; lavapipe has, whose compiler is slow, and does without where it is not asked for. */
const devices = [
  { name: 'SwiftShader', native: false, held: names },
  { name: 'lavapipe', native: true, held: names.filter((name) => name !== 'exact, without a product') },
  { name: 'lavapipe', native: false, held: names.slice(0, 1) },
].filter(({ name }) => name !== 'lavapipe' || lavapipe !== undefined)
if (lavapipe === undefined)
  recordSkippedDevice('lavapipe with shader-f16', 'ATTNC_LAVAPIPE_ICD does not name its ICD file')

const shapes: readonly Sizes[] = [
  { length: 37, heads: 2, kvHeads: 1 },
  { length: 9, batch: 2, lengths: [4, 9] },
]

/** Half a unit in the last of 11 digits, and what f32 may cost beside it; the smallest numbers have fewer digits. */
const allowed = (wanted: number, largest: number): number =>
  2 ** -11 * Math.abs(wanted) + 2 ** -25 + 2e-5 * largest

interface Opened {
  readonly device: GPUDevice
  /** Modules that were made on it, and labels of buffers. */
  readonly codes: string[]
  readonly labels: (string | undefined)[]
}

const opened = new Map<string, Promise<Opened>>()
function open(configuration: (typeof devices)[number]): Promise<Opened> {
  const key = `${configuration.name} ${configuration.native}`
  const known = opened.get(key) ?? openAnew(configuration)
  opened.set(key, known)
  return known
}

async function openAnew({ name, native }: (typeof devices)[number]): Promise<Opened> {
  const { gpu } = await nodeGpu(
    lavapipe === undefined || name !== 'lavapipe' ? { software: 'only' } : { icd: lavapipe },
  )
  const adapter = await gpu.requestAdapter()
  if (adapter === null) throw new Error(`${name}: Dawn gives no adapter`)
  const device = await adapter.requestDevice({ requiredFeatures: native ? ['shader-f16'] : [] })
  recordDevice(`${name}${native ? ', shader-f16' : ''} (${adapter.info.description}, Dawn)`)
  const [codes, labels]: [string[], (string | undefined)[]] = [[], []]
  const [createModule, createBuffer] = [
    device.createShaderModule.bind(device),
    device.createBuffer.bind(device),
  ]
  device.createShaderModule = (given) => {
    codes.push(given.code)
    return createModule(given)
  }
  device.createBuffer = (given) => {
    labels.push(given.label)
    return createBuffer(given)
  }
  return { device, codes, labels }
}
afterAll(async () => {
  for (const one of opened.values()) (await one).device.destroy()
})

const upload = (device: GPUDevice, data: Uint16Array): GPUBuffer => {
  const words = new Uint32Array(Math.ceil(data.length / 2))
  new Uint16Array(words.buffer).set(data)
  const buffer = device.createBuffer({ size: words.byteLength, usage: 0x80 | 0x4 | 0x8 })
  device.queue.writeBuffer(buffer, 0, words)
  return buffer
}

async function download(device: GPUDevice, buffer: GPUBuffer, count: number): Promise<Uint16Array> {
  const staging = device.createBuffer({ size: buffer.size, usage: 0x1 | 0x8 })
  const encoder = device.createCommandEncoder()
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(1)
  return new Uint16Array(staging.getMappedRange().slice(0)).slice(0, count)
}

describe.each(devices)('on $name, shader-f16: $native', (configuration) => {
  test.each(configuration.held)('%s', async (name) => {
    const { device } = await open(configuration)
    const built = compileOne(attentions[name])
    using half = await createAttention(built.program, { device, storage: 'f16' })
    for (const sizes of shapes) {
      const given = tensors(built, sizes, 5)
      const [q, k, v] = [given.q, given.k, given.v].map((tensor) => narrow(tensor).halves)
      const wide = { q: widen(q!), k: widen(k!), v: widen(v!) } as typeof given
      const wanted = expected(built, sizes, wide)
      const largest = Math.max(...wanted.map(Math.abs))
      const arrays = await half.forward({ q: q!, k: k!, v: v!, ...sizes })
      const out = widen(arrays)
      for (const [index, number] of wanted.entries())
        expect(Math.abs(out[index]! - number)).toBeLessThanOrEqual(allowed(number, largest))
      const buffers = { q: upload(device, q!), k: upload(device, k!), v: upload(device, v!) }
      const result = await half.forward({ ...buffers, ...sizes })
      expect(await download(device, result, wanted.length)).toEqual(arrays)
      if (sizes.lengths !== undefined) continue
      // Commands of the caller's; what lies behind the result stays.
      const room = upload(device, new Uint16Array(wanted.length + 3).fill(0x1234))
      const encoder = device.createCommandEncoder()
      half.encode(encoder, { ...buffers, out: room }, sizes)
      device.queue.submit([encoder.finish()])
      const all = await download(device, room, wanted.length + 3)
      expect(all.subarray(0, wanted.length)).toEqual(arrays)
      expect([...all.subarray(wanted.length)]).toEqual([0x1234, 0x1234, 0x1234])
    }
  })

  test('kernels read f16 themselves, and write it in fours, or wherever there is shader-f16', async () => {
    const { codes, labels } = await open(configuration)
    const { native, held } = configuration
    const declared = (type: string): boolean => codes.some((code) => code.includes(`q: array<${type}>`))
    expect(declared(native ? 'vec4<f16>' : 'vec2u')).toBe(true)
    expect(declared(native ? 'f16' : 'u32')).toBe(held.length > 1)
    expect(declared('f32') || declared('vec4f')).toBe(false)
    expect(labels).toContain('attnc a f16 q')
    expect(labels.includes('attnc a f16 wide')).toBe(!native && held.length > 1)
  })

  // They are computed of f32, whatever the storage is.
  test.skipIf(configuration.name === 'lavapipe')('gradients take and give f32', async () => {
    const { device } = await open(configuration)
    const built = compileOne(attentions['exact, of odd widths'])
    const given = { ...tensors(built, { length: 5 }, 3), dout: normals(15, 8), length: 5 }
    using half = await createAttention(built.program, { device, storage: 'f16' })
    using single = await createAttention(built.program, { device })
    expect(await half.backward(given)).toEqual(await single.backward(given))
  })
})
