import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Coupling, couplings, type ProjectionLaw } from '../../runtime/contract/projections.ts'
import { drawProjection, hadamardFactors } from '../../runtime/projection/index.ts'

const anyOptions = fc.record({
  rows: fc.integer({ min: 1, max: 70 }),
  dim: fc.integer({ min: 1, max: 33 }),
  coupling: fc.constantFrom(...couplings),
  fixedNorm: fc.boolean(),
  seed: fc.maxSafeNat(),
})

function rowsOf(matrix: ArrayLike<number>, dim: number): Float64Array[] {
  const all = Float64Array.from(matrix)
  return Array.from({ length: all.length / dim }, (_, row) => all.subarray(row * dim, (row + 1) * dim))
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0)
}

function cosine(a: Float64Array, b: Float64Array): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

/** The bits of the first values, and a checksum (FNV-1a) over the bits of all of them. */
function fingerprint(matrix: Float32Array): string {
  const words = new Uint32Array(matrix.buffer)
  const hexadecimal = (word: number): string => word.toString(16).padStart(8, '0')
  const sum = words.reduce((hash, word) => Math.imul(hash ^ word, 0x01000193), 0x811c9dc5)
  return `${Array.from(words.subarray(0, 4), hexadecimal).join(' ')} … ${hexadecimal(sum >>> 0)}`
}

// A change of these bits changes the projections of every file ever compiled.
test.each(couplings.flatMap((coupling) => [false, true].map((fixedNorm) => [coupling, fixedNorm] as const)))(
  'known bits: %s, fixed norm %s',
  (coupling, fixedNorm) => {
    const sizes = [
      [3, 1],
      [5, 2],
      [20, 8],
      [50, 20],
      [70, 64],
    ] as const
    expect(
      sizes.map(([rows, dim]) => fingerprint(drawProjection({ rows, dim, coupling, fixedNorm, seed: 42 }))),
    ).toMatchSnapshot()
  },
)

test('the same options give the same bits, and any row count a beginning of a larger one', () => {
  fc.assert(
    fc.property(anyOptions, fc.integer({ min: 1, max: 40 }), (options, more) => {
      const matrix = drawProjection(options)
      expect(matrix.length).toBe(options.rows * options.dim)
      expect(matrix.every(Number.isFinite)).toBe(true)
      const larger = drawProjection({ ...options, rows: options.rows + more })
      expect(larger.subarray(0, matrix.length)).toEqual(matrix)
    }),
    { seed: 3, numRuns: 150 },
  )
})

test('with fixed_norm every row has length √dim', () => {
  fc.assert(
    fc.property(anyOptions, (options) => {
      for (const row of rowsOf(drawProjection({ ...options, fixedNorm: true }), options.dim))
        expect(Math.abs(Math.sqrt(dot(row, row) / options.dim) - 1)).toBeLessThan(1e-7)
    }),
    { seed: 4, numRuns: 200 },
  )
})

// Size 16 cut to 9 entries is where a whole row vanishes most often; the first signs of these seeds do it.
test.each([411, 531, 629, 869, 999])(
  'a hadamard row that is cut to nothing is drawn anew, seed %i',
  (seed) => {
    const options = { rows: 16, dim: 9, coupling: 'hadamard', fixedNorm: true, seed } as const
    const matrix = drawProjection(options)
    for (const row of rowsOf(matrix, 9)) expect(dot(row, row)).toBeCloseTo(9, 5)
    for (let rows = 1; rows < 16; rows++)
      expect(drawProjection({ ...options, rows })).toEqual(matrix.slice(0, rows * 9))
  },
)

describe('blocks', () => {
  test('orthogonal rows are orthogonal within a block, the last and short one too', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const { dim } = options
        const rows = rowsOf(drawProjection({ ...options, coupling: 'orthogonal' }), dim)
        rows.forEach((row, i) => {
          for (let j = i - (i % dim); j < i; j++) expect(Math.abs(cosine(row, rows[j]!))).toBeLessThan(1e-6)
        })
      }),
      { seed: 5, numRuns: 50 },
    )
  })

  test.each([1, 2, 4, 8, 16, 32, 64])('hadamard rows are orthogonal within a block at dim %i', (dim) => {
    const rows = rowsOf(
      drawProjection({ rows: dim + 3, dim, coupling: 'hadamard', fixedNorm: false, seed: 6 }),
      dim,
    )
    for (const start of [0, dim])
      rows.slice(start, start + dim).forEach((row, i, block) => {
        for (let j = 0; j < i; j++) expect(Math.abs(cosine(row, block[j]!))).toBeLessThan(1e-6)
      })
  })

  test('simplex directions have cosine −1/(dim − 1) and sum to 0', () => {
    for (const dim of [2, 3, 8, 33]) {
      const options = { rows: 2 * dim + 1, dim, coupling: 'simplex', fixedNorm: true, seed: 7 } as const
      const rows = rowsOf(drawProjection(options), dim)
      for (const start of [0, dim]) {
        const block = rows.slice(start, start + dim)
        block.forEach((row, i) => {
          for (let j = 0; j < i; j++) expect(cosine(row, block[j]!)).toBeCloseTo(-1 / (dim - 1), 6)
        })
        for (let column = 0; column < dim; column++)
          expect(Math.abs(block.reduce((sum, row) => sum + row[column]!, 0))).toBeLessThan(1e-5)
      }
    }
  })

  test('no two blocks, couplings or seeds share numbers', () => {
    const seen: number[] = []
    for (const coupling of couplings)
      for (const seed of [0, 1, 2 ** 32, 2 ** 53 - 1])
        seen.push(...drawProjection({ rows: 32, dim: 4, coupling, fixedNorm: false, seed }))
    // Of 2048 floats of the size of 1, a few coincide by chance.
    expect(seen.length - new Set(seen).size).toBeLessThan(8)
  })

  test('hadamard blocks have signs of their own', () => {
    const { signs, padded } = hadamardFactors({
      rows: 1024,
      dim: 16,
      coupling: 'hadamard',
      fixedNorm: false,
      seed: 0,
    })!
    const diagonals = Array.from({ length: signs.length / padded }, (_, i) =>
      signs.subarray(i * padded, (i + 1) * padded).join(),
    )
    expect(diagonals.length - new Set(diagonals).size).toBeLessThan(3)
  })
})

describe('the factors of a hadamard projection', () => {
  test('reproduce the stored matrix', () => {
    fc.assert(
      fc.property(anyOptions, fc.integer({ min: 9, max: 40 }), (chosen, dim) => {
        const options: ProjectionLaw = { ...chosen, dim, coupling: 'hadamard' }
        const { rows } = options
        const { padded, signs, lengths } = hadamardFactors(options)!
        const entry = (i: number, j: number): number => {
          let parity = 0
          for (let common = i & j; common > 0; common >>= 1) parity ^= common & 1
          return (parity === 0 ? 1 : -1) / Math.sqrt(padded)
        }
        /** A row vector times H, then times a diagonal of the block's signs. */
        const step = (row: number[], diagonal: Int8Array): number[] =>
          row.map((_, j) => row.reduce((sum, x, i) => sum + x * entry(i, j), 0) * diagonal[j]!)
        const expected = Array.from({ length: rows }, (_, row) => {
          const block = Math.floor(row / padded) * 3 * padded
          const diagonal = (n: number): Int8Array =>
            signs.subarray(block + n * padded, block + (n + 1) * padded)
          const unit = Array.from({ length: padded }, (_, i) => (i === row % padded ? 1 : 0))
          const direction = [2, 1, 0].reduce<number[]>((vector, n) => step(vector, diagonal(n)), unit)
          return direction.slice(0, dim).map((x) => x * lengths[row]!)
        }).flat()
        const stored = drawProjection(options)
        expect(signs.every((sign) => sign === 1 || sign === -1)).toBe(true)
        expected.forEach((value, i) =>
          expect(Math.abs(stored[i]! - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value))),
        )
      }),
      { seed: 8, numRuns: 20 },
    )
  })

  test('are nothing where no transform is used', () => {
    expect(
      hadamardFactors({ rows: 4, dim: 8, coupling: 'hadamard', fixedNorm: false, seed: 0 }),
    ).toBeUndefined()
    expect(hadamardFactors({ rows: 4, dim: 64, coupling: 'iid', fixedNorm: false, seed: 0 })).toBeUndefined()
  })
})

describe('wrong options', () => {
  const right: ProjectionLaw = { rows: 4, dim: 4, coupling: 'iid', fixedNorm: false, seed: 0 }

  test.each([-1, 0.5, NaN, Infinity, 2 ** 53])('seed %d', (seed) => {
    expect(() => drawProjection({ ...right, seed })).toThrow(RangeError)
    expect(() => drawProjection({ ...right, seed })).toThrow(
      /seed must be an integer from 0 to 2\^53 - 1, not/,
    )
  })

  test.each([0, -3, 1.5, NaN])('%d rows, dim %d', (size) => {
    expect(() => drawProjection({ ...right, rows: size })).toThrow(/rows must be a positive integer/)
    expect(() => drawProjection({ ...right, dim: size })).toThrow(/dim must be a positive integer/)
  })

  test('an unknown coupling', () => {
    const coupling = 'givens' as Coupling
    expect(() => drawProjection({ ...right, coupling })).toThrow(TypeError)
    expect(() => drawProjection({ ...right, coupling })).toThrow(/hadamard or simplex, not "givens"/)
  })
})
