// Array files are held to their formats, and of what they hold only what is asked for is read.
import { zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readNpy, writeNpy } from '../../compiler/cli/tensors/npy.ts'
import { readNpz } from '../../compiler/cli/tensors/npz.ts'
import { readSafetensors, writeSafetensors } from '../../compiler/cli/tensors/safetensors.ts'
import { TensorFileError } from '../../compiler/cli/tensors/tensor.ts'
import { Console } from './console.ts'

const ones = (shape: readonly number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1),
})

/** A .npy by its dictionary, whatever it says. */
function npy(descr: string, shape: string, body: Uint8Array): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`
  const start = [0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 255, header.length >> 8]
  return Buffer.concat([Uint8Array.from(start), Buffer.from(header), body])
}

function safetensors(header: string, body: number): Uint8Array {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
  return Buffer.concat([length, Buffer.from(header), new Uint8Array(body)])
}

const entry = (from: number, to: number, shape = `[${(to - from) / 4}]`, dtype = 'F32'): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${from},${to}]}`

describe('.safetensors', () => {
  test.each([
    ['arrays that overlap', `{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12, 'a and b overlap from byte 4 on'],
    ['one array twice', `{"a":${entry(0, 8)},"b":${entry(0, 8)}}`, 8, 'a and b overlap from byte 0 on'],
    ['a hole', `{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12, 'bytes 4 to 8 belong to no array'],
    ['a hole before all', `{"a":${entry(4, 8)}}`, 8, 'bytes 0 to 4 belong to no array'],
    ['bytes after all', `{"a":${entry(0, 4)}}`, 7, 'bytes 4 to 7 belong to no array'],
    ['bytes and no array', '{}', 4, 'bytes 0 to 4 belong to no array'],
    ['an end before its beginning', `{"a":${entry(8, 4, '[1]')}}`, 8, 'a begins at byte 8 and ends at 4'],
    ['a cut body', `{"a":${entry(0, 8)}}`, 7, 'is cut short: the array a takes bytes 0 to 8 of 7'],
    ['a shape that is larger', `{"a":${entry(0, 8, '[3]')}}`, 8, 'a is cut short: [3] of F32 takes 12 bytes'],
    [
      'a shape that is smaller',
      `{"a":${entry(0, 8, '[1]')}}`,
      8,
      'a has bytes left over: [1] of F32 takes 4',
    ],
    [
      'the same of booleans',
      `{"a":${entry(0, 8, '[3]', 'BOOL')}}`,
      8,
      'a has bytes left over: [3] of BOOL takes 3',
    ],
    [
      'a shape beyond all numbers',
      `{"a":${entry(0, 0, '[4294967296,4294967296,0]')}}`,
      0,
      'the impossible shape [4294967296, 4294967296, 0]',
    ],
    [
      'one name twice',
      `{"a":${entry(0, 4)},"b":${entry(4, 8)},"\\u0061":${entry(4, 8)}}`,
      8,
      'has "\\u0061" twice',
    ],
    [
      'a member twice',
      `{"a":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}}`,
      0,
      'has "dtype" twice',
    ],
    ['blanks before its header', ` {"a":${entry(0, 4)}}`, 4, 'its header does not begin with {'],
    ['no JSON', '{"a":}', 0, 'its header is not JSON'],
    [
      'metadata that are no text',
      `{"__metadata__":{"step":3},"a":${entry(0, 4)}}`,
      4,
      '__metadata__ is not an object of strings',
    ],
    ['no offsets', '{"a":{"dtype":"F32","shape":[1]}}', 4, 'a lacks a proper dtype, shape or data_offsets'],
    [
      'a half for a size',
      `{"a":${entry(0, 4, '[0.5]')}}`,
      4,
      'a lacks a proper dtype, shape or data_offsets',
    ],
  ])('%s is refused, asked for or not', (_what, header, body, words) => {
    for (const asked of [undefined, ['q']]) {
      expect(() => readSafetensors(safetensors(header, body), asked)).toThrowError(TensorFileError)
      expect(() => readSafetensors(safetensors(header, body), asked)).toThrowError(words)
    }
  })

  test('what the format allows is read: any order, empty arrays, blanks behind the header, metadata', () => {
    const header = `{"__metadata__":{"format":"pt"},"b":${entry(4, 12)},"empty":${entry(4, 4)},"a":${entry(0, 4)},"flag":${entry(12, 13, '[]', 'BOOL')}}   `
    const read = readSafetensors(safetensors(header, 13))
    expect([...read].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ['b', 2],
      ['empty', 0],
      ['a', 1],
    ])
  })

  test.each(['constructor', '__proto__', 'toString'])('%s is no type', (dtype) => {
    const file = safetensors(`{"q":${entry(0, 4, '[1]', dtype)}}`, 4)
    expect([...readSafetensors(file).keys()]).toEqual([])
    expect(() => readSafetensors(file, ['q'])).toThrowError(`q holds entries of type ${dtype}`)
    expect(() => readNpy(npy(`<${dtype}`, '(1,)', new Uint8Array(4)))).toThrowError(TensorFileError)
  })

  test('every name is written and read', () => {
    const names = ['__proto__', 'constructor', 'toString', 'a"b\\', 'é']
    const file = writeSafetensors(new Map(names.map((name, index) => [name, ones([index + 1])])))
    // The format by hand: the header is JSON, and offsets go on from one array to the next.
    const header = Buffer.from(file.subarray(8, 8 + Number(Buffer.from(file).readBigUInt64LE()))).toString()
    expect(header).toContain('"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}')
    expect([...readSafetensors(file)].map(([name, { data }]) => [name, data.length])).toEqual(
      names.map((name, index) => [name, index + 1]),
    )
  })
})

describe('.npz', () => {
  const q = writeNpy(ones([64, 64]))

  test('a checksum that is another is refused', () => {
    for (const level of [0, 6] as const) {
      const zip = zipSync({ 'q.npy': q, 'k.npy': q }, { level })
      // The directory at the end has the checksum at byte 16 of each of its records.
      const record = Buffer.from(zip).indexOf(Uint8Array.of(0x50, 0x4b, 1, 2))
      zip[record + 16] = (zip[record + 16] ?? 0) ^ 1
      expect(() => readNpz(zip, ['q'])).toThrowError('the array q.npy is damaged: its checksum is another')
      expect([...readNpz(zip, ['k']).keys()]).toEqual(['k'])
    }
  })

  test('a bit that has changed in the entries is found', () => {
    const zip = zipSync({ 'q.npy': q }, { level: 0 })
    zip[500] = (zip[500] ?? 0) ^ 64
    expect(() => readNpz(zip)).toThrowError('its checksum is another')
  })

  test('booleans and text are passed over, unless they are asked for', () => {
    const zip = zipSync({
      'q.npy': q,
      'mask.npy': npy('|b1', '(4,)', new Uint8Array(4)),
      'names.npy': npy('<U3', '(2,)', new Uint8Array(24)),
      'README.txt': Buffer.from('by hand'),
    })
    const passed: string[] = []
    expect([...readNpz(zip, ['q', 'k'], (name) => passed.push(name)).keys()]).toEqual(['q'])
    expect(passed).toEqual(['mask', 'names'])
    expect([...readNpz(zip).keys()]).toEqual(['q'])
    expect(() => readNpz(zip, ['mask'])).toThrowError("mask.npy holds entries of type '|b1'")
  })

  test('an array that inflates to more than its header says is not inflated', () => {
    const lie = npy('<f4', '(2, 2)', new Uint8Array(5_000_000))
    const zip = zipSync({ 'q.npy': lie }, { level: 9 })
    expect(zip.length).toBeLessThan(10_000)
    expect(() => readNpz(zip)).toThrowError(
      'q.npy has bytes left over: [2, 2] of float32 takes 16 bytes, and 5000000',
    )
    // The size that the directory declares is at byte 24 of its record; the entry then goes on beyond it.
    const record = Buffer.from(zip).indexOf(Uint8Array.of(0x50, 0x4b, 1, 2))
    new DataView(zip.buffer, zip.byteOffset).setUint32(record + 24, lie.length - 5_000_000 + 16, true)
    expect(() => readNpz(zip)).toThrowError(/q\.npy cannot be inflated/)
  })

  test('what nobody asks for takes no memory', () => {
    const zip = zipSync(
      { 'q.npy': q, 'huge.npy': npy('<f4', '(10000000,)', new Uint8Array(40_000_000)) },
      { level: 1 },
    )
    const before = process.memoryUsage().arrayBuffers
    const read = readNpz(zip, ['q'])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000)
    expect(read.get('q')?.shape).toEqual([64, 64])
  })

  test.each([
    ['encryption', 8, 1, 'is encrypted'],
    ['another method', 10, 12, 'is packed by method 12'],
  ])('%s is told of', (_what, offset, value, words) => {
    const zip = zipSync({ 'q.npy': q })
    const record = Buffer.from(zip).indexOf(Uint8Array.of(0x50, 0x4b, 1, 2))
    zip[record + offset] = value
    expect(() => readNpz(zip)).toThrowError(words)
  })
})

describe('attnc run', () => {
  let at: Console
  beforeAll(() => {
    at = new Console({
      'two.attn':
        'attention __proto__ { dim: 4 feature: elu1 }\nattention constructor { dim: 4 feature: elu1 }',
    })
    for (const name of ['q', 'k', 'v']) at.write(`${name}.npy`, writeNpy(ones([3, 4])))
    at.write('mask.npy', npy('|b1', '(3,)', new Uint8Array(3)))
    at.write('broken.npy', 'no array at all')
  })
  afterAll(() => at.remove())
  const reference = ['--backend', 'reference', '--repeat', '1']

  test('a directory: what is asked for is read, and the rest named', async () => {
    const { status, out, err } = await at.run([
      'run',
      'two.attn',
      '--only',
      'constructor',
      '--input',
      '.',
      ...reference,
    ])
    expect([status, err]).toEqual([0, ''])
    expect(out).toContain('not used: broken, mask')
  })

  test.each(['npz', 'safetensors'])('saves an attention of any name as .%s', async (format) => {
    const { status } = await at.run([
      'run',
      'two.attn',
      '--length',
      '3',
      '--heads',
      '1',
      ...reference,
      '--output',
      `out.${format}`,
    ])
    expect(status).toBe(0)
    const bytes = readFileSync(join(at.directory, `out.${format}`))
    const read = format === 'npz' ? readNpz(bytes) : readSafetensors(bytes)
    expect([...read].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ['__proto__', 1, 1, 3, 4],
      ['constructor', 1, 1, 3, 4],
    ])
    // All entries are there: 2 arrays of 12 numbers of 4 bytes.
    expect(statSync(join(at.directory, `out.${format}`)).size).toBeGreaterThan(96)
  })

  test('the one name that safetensors reserve is refused before anything is run', async () => {
    at.write(
      'reserved.attn',
      'attention __metadata__ { dim: 4 feature: elu1 }\nattention b { dim: 4 feature: elu1 }',
    )
    const { status, err } = await at.run([
      'run',
      'reserved.attn',
      ...reference,
      '--output',
      'out.safetensors',
    ])
    expect(status).toBe(2)
    expect(err).toContain('no array of a .safetensors file can be called __metadata__')
  })
})
