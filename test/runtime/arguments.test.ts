import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { describe as inWords } from '../../runtime/arguments/describe.ts'
import type { Attention, CreateOptions } from '../../runtime/index.ts'
import { AttentionError, createAttention } from '../../runtime/index.ts'
import { compileOne } from '../numeric/harness.ts'
import { bufferWith, testDevice } from './device.ts'
import { copy, softmax } from './programs.ts'

const floats = (count: number): Float32Array => new Float32Array(count)
const good = { q: floats(24), k: floats(32), v: floats(24), length: 3, keyLength: 4, heads: 2, batch: 1 }

let device: GPUDevice
let attention: Attention
let buffer: GPUBuffer
beforeAll(async () => {
  device = await testDevice()
  attention = await createAttention(programFrom(softmax(4, 3)), { device })
  buffer = bufferWith(device, floats(32))
})
afterAll(() => device.destroy())

function detached(count: number): Float32Array {
  const array = floats(count)
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] })
  return array
}

interface Row {
  readonly what: string
  readonly call: () => unknown
  readonly error: ErrorConstructor
  readonly says: RegExp
}

const withGood = (change: Readonly<Record<string, unknown>>) => (): unknown => ({ ...good, ...change })

const rows: readonly Row[] = [
  {
    what: 'nothing',
    call: () => undefined,
    error: TypeError,
    says: /softmax\.forward takes an object.*nothing/,
  },
  { what: 'null', call: () => null, error: TypeError, says: /takes an object/ },
  {
    what: 'a misspelt member',
    call: withGood({ lenghts: [1] }),
    error: TypeError,
    says: /does not know 'lenghts'.*lengths/,
  },
  {
    what: 'no length',
    call: withGood({ length: undefined }),
    error: TypeError,
    says: /length must be a number.*nothing/,
  },
  {
    what: 'a length in words',
    call: withGood({ length: '3' }),
    error: TypeError,
    says: /length must be a number.*"3"/,
  },
  {
    what: 'a big integer',
    call: withGood({ length: 3n }),
    error: TypeError,
    says: /length must be a number.*3/,
  },
  {
    what: 'NaN',
    call: withGood({ length: NaN }),
    error: RangeError,
    says: /length must be a positive integer.*NaN/,
  },
  {
    what: 'a fraction',
    call: withGood({ heads: 1.5 }),
    error: RangeError,
    says: /heads must be a positive integer.*1\.5/,
  },
  {
    what: 'zero',
    call: withGood({ batch: 0 }),
    error: RangeError,
    says: /batch must be a positive integer.*0/,
  },
  {
    what: 'no keys',
    call: withGood({ keyLength: 0, k: floats(0), v: floats(0) }),
    error: RangeError,
    says: /keyLength/,
  },
  { what: 'a negative size', call: withGood({ keyLength: -4 }), error: RangeError, says: /keyLength.*-4/ },
  { what: 'infinity', call: withGood({ length: Infinity }), error: RangeError, says: /length.*Infinity/ },
  { what: 'a size past u32', call: withGood({ length: 2 ** 32 }), error: RangeError, says: /below 2³²/ },
  {
    what: 'sizes whose product is past all',
    call: withGood({ length: 4e9, batch: 4e9 }),
    error: RangeError,
    says: /q needs/,
  },
  {
    what: 'heads that do not divide',
    call: withGood({ kvHeads: 3 }),
    error: RangeError,
    says: /multiple of kvHeads.*2 and 3/,
  },
  {
    what: 'a short q',
    call: withGood({ q: floats(23) }),
    error: RangeError,
    says: /q needs 24 numbers, batch 1 × heads 2 × length 3 × dim 4; it has 23\./,
  },
  {
    what: 'a long k',
    call: withGood({ k: floats(40) }),
    error: RangeError,
    says: /k needs 32 numbers.*keyLength 4.*it has 40.*keyLength would be 5/,
  },
  {
    what: 'a v as wide as k',
    call: withGood({ v: floats(32) }),
    error: RangeError,
    says: /v needs 24 numbers.*valueDim 3/,
  },
  {
    what: 'no v',
    call: withGood({ v: undefined }),
    error: TypeError,
    says: /v must be a Float32Array or a GPUBuffer.*nothing/,
  },
  {
    what: 'a Float64Array',
    call: withGood({ q: new Float64Array(24) }),
    error: TypeError,
    says: /q must be.*a Float64Array/,
  },
  {
    what: 'an array of numbers',
    call: withGood({ k: Array(32).fill(0) }),
    error: TypeError,
    says: /k must be.*an Array/,
  },
  {
    what: 'an Int32Array',
    call: withGood({ v: new Int32Array(24) }),
    error: TypeError,
    says: /v must be.*an Int32Array/,
  },
  {
    what: 'memory without a view',
    call: withGood({ q: new ArrayBuffer(96) }),
    error: TypeError,
    says: /q must be.*an ArrayBuffer/,
  },
  {
    what: 'a detached array',
    call: () => ({ ...good, q: detached(24) }),
    error: RangeError,
    says: /it has 0.*transferred/,
  },
  {
    what: 'a buffer among arrays',
    call: () => ({ ...good, k: buffer }),
    error: TypeError,
    says: /all Float32Array or all GPUBuffer/,
  },
  {
    what: 'an array among buffers',
    call: () => ({ ...good, q: buffer, k: buffer }),
    error: TypeError,
    says: /all Float32Array or all GPUBuffer/,
  },
  {
    what: 'out beside arrays',
    call: () => ({ ...good, out: buffer }),
    error: TypeError,
    says: /all Float32Array or all GPUBuffer/,
  },
  {
    what: 'an array as out',
    call: withGood({ out: floats(18) }),
    error: TypeError,
    says: /out goes with GPUBuffer/,
  },
  {
    what: 'a small buffer',
    call: () => ({ ...good, q: buffer, k: buffer, v: buffer, batch: 2 }),
    error: RangeError,
    says: /q needs 192 bytes.*has 128/,
  },
  {
    what: 'out where it is read',
    call: () => ({ ...good, q: buffer, k: buffer, v: buffer, out: buffer }),
    error: TypeError,
    says: /out must be another buffer than q/,
  },
  {
    what: 'a buffer without STORAGE',
    call: () => ({ ...good, q: device.createBuffer({ size: 128, usage: 0x48 }), k: buffer, v: buffer }),
    error: TypeError,
    says: /q needs the usage STORAGE/,
  },
  {
    what: 'one length as a number',
    call: withGood({ lengths: 3 }),
    error: TypeError,
    says: /lengths must be an array of 1 numbers.*3/,
  },
  {
    what: 'too many lengths',
    call: withGood({ lengths: [1, 2] }),
    error: RangeError,
    says: /one number per batch item, 1; it has 2/,
  },
  {
    what: 'a length past the keys',
    call: withGood({ lengths: [5] }),
    error: RangeError,
    says: /lengths\[0\].*0 to keyLength 4.*5/,
  },
  {
    what: 'a length past the queries',
    call: withGood({ queryLengths: [5] }),
    error: RangeError,
    says: /queryLengths\[0\].*0 to length 3.*5/,
  },
  {
    what: 'a buffer of lengths of queries beside arrays',
    call: () => ({ ...good, queryLengths: buffer }),
    error: TypeError,
    says: /queryLengths must be an array/,
  },
  {
    what: 'a negative length',
    call: withGood({ lengths: new Int32Array([-1]) }),
    error: RangeError,
    says: /lengths\[0\].*-1/,
  },
  {
    what: 'a length that is no integer',
    call: withGood({ lengths: [1.5] }),
    error: RangeError,
    says: /lengths\[0\].*1\.5/,
  },
  {
    what: 'a length that is no number',
    call: withGood({ lengths: [undefined] }),
    error: RangeError,
    says: /lengths\[0\].*nothing/,
  },
  {
    what: 'a buffer of lengths beside arrays',
    call: () => ({ ...good, lengths: buffer }),
    error: TypeError,
    says: /lengths must be an array/,
  },
]

const nulls = ['length', 'keyLength', 'batch', 'heads', 'kvHeads', 'lengths', 'queryLengths'].map((name) => ({
  what: `${name} null`,
  call: withGood({ [name]: null }),
  error: TypeError,
  says: new RegExp(`${name} must be .*; it is null`),
}))

describe('a call of forward with', () => {
  test.each([...rows, ...nulls])('$what', async ({ call, error, says }) => {
    const submit = device.queue.submit.bind(device.queue)
    let submitted = 0
    device.queue.submit = (commands) => {
      submitted++
      submit(commands)
    }
    const thrown: unknown = await attention.forward(call() as typeof good).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    device.queue.submit = submit
    expect(thrown).toBeInstanceOf(error)
    expect(String(thrown)).toMatch(says)
    expect(submitted).toBe(0)
  })

  test('everything right', async () => {
    expect(await attention.forward(good)).toEqual(floats(18))
  })
})

test('heads for which the file has no decay are refused', async () => {
  const { program } = compileOne('attention a { dim: 1 feature: elu1 mask: causal decay: 1 - head / 64 }')
  using decaying = await createAttention(program, { device })
  const [q, k] = [floats(65), floats(1)]
  const sizes = { length: 1, kvHeads: 1, heads: 65 }
  await expect(decaying.forward({ q, k, v: k, ...sizes })).rejects.toThrow(
    /a\.forward: the decay of query head 64 must be in \(0, 1\]; it is 0\. Try 64 heads/,
  )
  await expect(decaying.prefill({ q, k, v: k, ...sizes })).rejects.toThrow(RangeError)
})

describe('other members', () => {
  test('encode takes buffers alone', () => {
    const encoder = device.createCommandEncoder()
    const sizes = { length: 1 }
    const buffers = { q: floats(4), k: floats(4), v: floats(3), out: floats(3) }
    expect(() => attention.encode(encoder, buffers as never, sizes)).toThrow(TypeError)
    expect(() => attention.encode(null as never, buffers as never, sizes)).toThrow(
      /expected a GPUCommandEncoder; it is null/,
    )
    expect(() => attention.encode(encoder, { q: buffer, k: buffer, v: buffer } as never, sizes)).toThrow(
      /out must be/,
    )
    const out = bufferWith(device, floats(3))
    const lengths = [1] as never
    expect(() => attention.encode(encoder, { q: buffer, k: buffer, v: buffer, out, lengths }, sizes)).toThrow(
      /runs later/,
    )
  })

  test('redraw takes an integer from 0', async () => {
    const weights = { conv: floats(3) }
    using weighted = await createAttention(programFrom(softmax(4, 3, true)), { device, weights })
    expect(() => weighted.redraw('1' as never)).toThrow(TypeError)
    for (const seed of [NaN, 1.5, -1, 2 ** 60]) expect(() => weighted.redraw(seed)).toThrow(RangeError)
  })
})

describe('create with', () => {
  const weights = { conv: new Float32Array(6) }
  const cases: readonly [string, unknown, ErrorConstructor, RegExp][] = [
    ['options that are none', 3, TypeError, /object of options/],
    ['null', null, TypeError, /object of options/],
    ['an unknown option', { weights, devise: 1 }, TypeError, /does not know 'devise'/],
    [
      'an unknown backend',
      { weights, backend: 'cuda' },
      TypeError,
      /one of 'webgpu', 'wasm', 'gpujs', 'reference'.*cuda/,
    ],
    ['another target', { weights, backend: 'gpujs' }, AttentionError as never, /--target gpujs/],
    ['a device that is a promise', { weights, device: Promise.resolve() }, TypeError, /Was it awaited/],
    ['a projection in float64', { weights, projection: new Float64Array(12) }, TypeError, /a Float64Array/],
    [
      'a short projection',
      { weights, projection: floats(11) },
      RangeError,
      /12 numbers, projections 3 × dim 4; it has 11/,
    ],
    ['weights that are null', { weights: null }, TypeError, /weights must be an object .* null/],
    ['no weights', {}, AttentionError as never, /needs weights: \{ conv \}.*3 numbers per head/],
    ['weights of the wrong kind', { weights: { conv: [1, 2, 3] } }, TypeError, /conv must be a Float32Array/],
    [
      'weights of the wrong size',
      { weights: { conv: floats(4) } },
      RangeError,
      /3 numbers per head; it has 4/,
    ],
    [
      'weights that are not numbers',
      { weights: { conv: Float32Array.of(0, NaN, 0) } },
      RangeError,
      /weights\.conv holds NaN at index 1; expected finite numbers/,
    ],
    [
      'infinite weights',
      { weights: { conv: Float32Array.of(1, 2, -Infinity) } },
      RangeError,
      /-Infinity at index 2/,
    ],
    ['weights nobody reads', { weights: { ...weights, cnov: floats(3) } }, TypeError, /'cnov'/],
  ]
  test.each(cases)('%s', async (_, options, error, says) => {
    const thrown: unknown = await createAttention(
      programFrom(softmax(4, 3, true)),
      options as CreateOptions,
    ).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(thrown).toBeInstanceOf(error)
    expect(String(thrown)).toMatch(says)
  })

  test('a projection where there is none', async () => {
    const options = { device, projection: floats(4) }
    await expect(createAttention(programFrom(copy), options)).rejects.toThrow(/not projected/)
  })

  test('a program of another format', async () => {
    const program = { ...programFrom(copy), format: 2 as never }
    await expect(createAttention(program)).rejects.toMatchObject({
      code: 'program',
      message: expect.stringMatching(/format 2/) as unknown,
    })
  })

  test('a kernel that the device refuses', async () => {
    const program = programFrom(copy)
    const broken = { ...program.kernels['copy_rows']!, code: 'fn main() { nonsense }' }
    const create = createAttention({ ...program, kernels: { copy_rows: broken } }, { device })
    await expect(create).rejects.toMatchObject({
      code: 'kernel',
      message: expect.stringMatching(/copy_rows.*nonsense/s) as unknown,
    })
  })

  test('kernels past the limits of the device', async () => {
    const program = programFrom(copy)
    const kernel = program.kernels['copy_rows']!
    for (const [large, says] of [
      [{ ...kernel, workgroupSize: 4096 }, /needs 4096 threads.*256.*maxComputeInvocationsPerWorkgroup/],
      [
        { ...kernel, workgroupBytes: 1e6 },
        /1000000 bytes of workgroup memory.*maxComputeWorkgroupStorageSize/,
      ],
    ] as const) {
      const create = createAttention(
        { ...program, kernels: { copy_rows: { ...large, code: `// ${says}\n` } } },
        { device },
      )
      await expect(create).rejects.toMatchObject({
        code: 'limit',
        message: expect.stringMatching(says) as unknown,
      })
    }
  })
})

test.each([
  [new Uint8Array(1), 'a Uint8Array'],
  [new URL('https://example.org'), 'a URL'],
  [[], 'an Array'],
  [new Int8Array(1), 'an Int8Array'],
  [new Float32Array(1), 'a Float32Array'],
  [{ [Symbol.toStringTag]: 'HTMLCanvasElement' }, 'an HTMLCanvasElement'],
  [new Set(), 'a Set'],
])('an article goes by the ear: %s', (value, words) => {
  expect(inWords(value)).toBe(words)
})
