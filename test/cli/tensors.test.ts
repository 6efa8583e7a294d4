// Array files: what is written is read back, what others write is read, and what is broken is said so.
import { zipSync } from 'fflate'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readNpy, writeNpy } from '../../compiler/cli/tensors/npy.ts'
import { readNpz, writeNpz } from '../../compiler/cli/tensors/npz.ts'
import { readSafetensors, writeSafetensors } from '../../compiler/cli/tensors/safetensors.ts'
import { type Tensor, TensorFileError } from '../../compiler/cli/tensors/tensor.ts'

const tensors = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }).chain((shape) =>
  fc
    .array(fc.float({ noNaN: true }), {
      minLength: shape.reduce((a, b) => a * b, 1),
      maxLength: shape.reduce((a, b) => a * b, 1),
    })
    .map((values): Tensor => ({ shape, data: Float32Array.from(values) })),
)
const named = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tensors, { maxKeys: 4 })
const seed = { seed: 20260101, numRuns: 200 }

/** A .npy as NumPy lays it out, from its header's dictionary. */
function npy(dictionary: string, body: Uint8Array, version = 1): Uint8Array {
  const header = new TextEncoder().encode(`${dictionary}\n`)
  const size =
    version === 1
      ? [header.length & 255, header.length >> 8]
      : [header.length & 255, header.length >> 8, 0, 0]
  return Uint8Array.from([
    0x93,
    ...new TextEncoder().encode('NUMPY'),
    version,
    0,
    ...size,
    ...header,
    ...body,
  ])
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** `read`, or the name of what was thrown. */
function outcome(read: () => unknown): string {
  try {
    read()
    return 'read'
  } catch (error) {
    return (error as Error).name
  }
}

describe('round trips', () => {
  test('.npy', () => {
    fc.assert(
      fc.property(tensors, (tensor) => {
        const read = readNpy(writeNpy(tensor))
        expect([read.shape, read.data, read.notes]).toEqual([tensor.shape, tensor.data, []])
      }),
      seed,
    )
  })

  test('.npz and .safetensors', () => {
    fc.assert(
      fc.property(named, (record) => {
        const arrays = new Map(Object.entries(record))
        for (const read of [readNpz(writeNpz(arrays)), readSafetensors(writeSafetensors(arrays))]) {
          expect([...read.keys()].sort()).toEqual([...arrays.keys()].sort())
          for (const [name, { shape, data }] of arrays) {
            expect([read.get(name)?.shape, read.get(name)?.data]).toEqual([shape, data])
          }
        }
      }),
      seed,
    )
  })

  test('entries begin at a multiple of 64 in .npy, of 8 in .safetensors', () => {
    const tensor: Tensor = { shape: [3, 5], data: new Float32Array(15).fill(2) }
    expect((writeNpy(tensor).length - 60) % 64).toBe(0)
    expect((writeSafetensors(new Map([['a', tensor]])).length - 60) % 8).toBe(0)
  })
})

describe('files of others', () => {
  const body = bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6))

  test('Fortran order becomes row-major, and is noted', () => {
    const read = readNpy(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", body))
    expect([...read.data]).toEqual([1, 3, 5, 2, 4, 6])
    expect(read.notes).toEqual(['converted from Fortran order'])
  })

  test('three axes in Fortran order', () => {
    const shape = [2, 3, 4]
    const fortran = new Float32Array(24)
    for (let a = 0; a < 2; a++)
      for (let b = 0; b < 3; b++)
        for (let c = 0; c < 4; c++) fortran[a + 2 * b + 6 * c] = 100 * a + 10 * b + c
    const read = readNpy(
      npy(`{'descr': '<f4', 'fortran_order': True, 'shape': (${shape.join(', ')}), }`, bytesOf(fortran)),
    )
    expect(read.data[1 * 12 + 2 * 4 + 3]).toBe(123)
    expect(read.data[1 * 4 + 2]).toBe(12)
  })

  test('float64, float16 and big-endian are converted, and noted', () => {
    const double = readNpy(
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", bytesOf(Float64Array.of(0.1, -3))),
    )
    expect([...double.data]).toEqual([Math.fround(0.1), -3])
    expect(double.notes).toEqual(['converted from float64'])
    const half = readNpy(
      npy(
        "{'descr': '<f2', 'fortran_order': False, 'shape': (5,), }",
        bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x3555, 1, 0x7bff)),
      ),
    )
    expect([...half.data]).toEqual([1, -2, 0.333251953125, 2 ** -24, 65504])
    const big = new DataView(new ArrayBuffer(4))
    big.setFloat32(0, 1.5)
    const swapped = readNpy(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", bytesOf(big)))
    expect([...swapped.data]).toEqual([1.5])
    expect(swapped.notes).toEqual(['converted from big-endian'])
  })

  test('version 2 and 3 headers, a scalar, and the repr of old NumPy', () => {
    for (const version of [2, 3]) {
      expect(
        readNpy(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", body.slice(0, 4), version))
          .data[0],
      ).toBe(1)
    }
    expect(readNpy(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 2L), }", body)).shape).toEqual(
      [3, 2],
    )
  })

  test('integers say that they are integers', () => {
    const read = readNpy(
      npy("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", bytesOf(BigInt64Array.of(7n, -2n))),
    )
    expect([read.integer, ...read.data]).toEqual([true, 7, -2])
  })

  test('bfloat16 of safetensors is converted, and types nobody asks for are passed over', () => {
    const header = new TextEncoder().encode(
      JSON.stringify({
        __metadata__: { format: 'pt' },
        q: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] },
        flags: { dtype: 'BOOL', shape: [1], data_offsets: [4, 5] },
      }),
    )
    const file = new Uint8Array(8 + header.length + 5)
    new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true)
    file.set(header, 8)
    file.set([0x80, 0x3f, 0x40, 0xc0], 8 + header.length)
    const read = readSafetensors(file)
    expect([...read.keys()]).toEqual(['q'])
    expect([...(read.get('q')?.data ?? [])]).toEqual([1, -3])
    expect(() => readSafetensors(file, ['q', 'flags'])).toThrow('array flags holds entries of type BOOL')
  })
})

describe('broken files are said to be broken', () => {
  const good = writeNpy({ shape: [2, 3], data: new Float32Array(6) })

  test.each([
    ['nothing', new Uint8Array(), 'is not a .npy file'],
    ['text', new TextEncoder().encode('hello, this is no array'), 'is not a .npy file'],
    ['a cut header', good.slice(0, 40), 'is cut short inside its header'],
    ['a cut body', good.slice(0, -1), 'is cut short: [2, 3] of float32 takes 24 bytes, and 23 are there'],
    ['a longer body', Uint8Array.from([...good, 0]), 'has bytes left over'],
    ['an unknown version', Uint8Array.from([...good.slice(0, 6), 9, ...good.slice(7)]), 'has .npy version 9'],
    [
      'complex entries',
      npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", new Uint8Array(8)),
      "type '<c8'",
    ],
    [
      'objects',
      npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", new Uint8Array(8)),
      "type '|O'",
    ],
    [
      'fields',
      npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", new Uint8Array(4)),
      'structured',
    ],
    ['no shape', npy("{'descr': '<f4', 'fortran_order': False}", new Uint8Array(4)), 'has a header without'],
    [
      'a vast shape',
      npy(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }",
        new Uint8Array(4),
      ),
      'impossible shape',
    ],
  ])('.npy: %s', (_what, bytes, message) => {
    expect(() => readNpy(bytes)).toThrowError(TensorFileError)
    expect(() => readNpy(bytes)).toThrowError(message)
  })

  test('.npz: no zip, a cut zip, and a broken array inside', () => {
    expect(() => readNpz(new TextEncoder().encode('no zip at all'))).toThrowError(
      'is not a readable .npz (zip) file',
    )
    const zip = writeNpz(new Map([['q', { shape: [4], data: new Float32Array(4) }]]))
    expect(() => readNpz(zip.slice(0, zip.length / 2))).toThrowError('is not a readable .npz (zip) file')
    expect(() => readNpz(zipSync({ 'q.npy': good.slice(0, -4) }))).toThrowError(
      'the array q.npy is cut short',
    )
  })

  test('whatever bytes change or go, readers read or refuse, and never fall over', () => {
    const arrays = new Map([
      ['q', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ['k', { shape: [1], data: Float32Array.of(9) }],
    ])
    const files = [
      { bytes: good, read: readNpy },
      { bytes: writeNpz(arrays), read: readNpz },
      { bytes: writeSafetensors(arrays), read: readSafetensors },
    ]
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 })
    fc.assert(
      fc.property(fc.constantFrom(...files), changes, fc.nat(), ({ bytes, read }, edits, cut) => {
        const broken = bytes.slice(0, cut % 3 === 0 ? cut % bytes.length : bytes.length)
        for (const [at, value] of edits) if (broken.length > 0) broken[at % broken.length] = value
        expect(outcome(() => read(broken))).toMatch(/^(read|TensorFileError)$/)
      }),
      { seed: 7, numRuns: 5000 },
    )
  })

  test('arbitrary bytes are refused by all three', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const read of [readNpy, readNpz, readSafetensors])
          expect(() => read(bytes)).toThrowError(TensorFileError)
      }),
      { seed: 8, numRuns: 1000 },
    )
  })
})
