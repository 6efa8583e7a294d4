import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { random } from '../../runtime/projection/random.ts'
import { kolmogorov, KOLMOGOROV_LIMIT, standardErrors, Z_LIMIT } from './statistics.ts'

/** The documented algorithm once more, in arbitrary-precision integers reduced modulo 2^32 at every step. */
function specified(a: number, b: number, seed: number): number {
  const u32 = (n: bigint): bigint => BigInt.asUintN(32, n)
  let [x, y, z] = [a, b, seed].map((n) => u32(u32(BigInt(n)) * 1664525n + 1013904223n)) as [
    bigint,
    bigint,
    bigint,
  ]
  x = u32(x + y * z)
  y = u32(y + z * x)
  z = u32(z + x * y)
  x ^= x >> 16n
  y ^= y >> 16n
  z ^= z >> 16n
  x = u32(x + y * z)
  return Number(x >> 8n) / 2 ** 24
}

test('known answers', () => {
  const places = [
    [0, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [-1, 4096, 42],
    [4294967295, 4096, 42],
  ] as const
  expect(places.map(([a, b, seed]) => random(a, b, seed) * 2 ** 24)).toMatchInlineSnapshot(`
    [
      10203095,
      10616518,
      1757970,
      8347064,
      9920664,
      9920664,
    ]
  `)
})

test('is the documented integer algorithm, also for integers outside u32', () => {
  const integer = fc.oneof(fc.integer(), fc.maxSafeInteger())
  fc.assert(
    fc.property(integer, integer, integer, (a, b, seed) => {
      expect(random(a, b, seed)).toBe(specified(a, b, seed))
    }),
    { seed: 1, numRuns: 2000 },
  )
})

test('is a multiple of 2^-24 in [0, 1), so exact in f32', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), fc.integer(), (a, b, seed) => {
      const value = random(a, b, seed)
      expect(value >= 0 && value < 1).toBe(true)
      expect(Math.fround(value)).toBe(value)
      expect(Number.isInteger(value * 2 ** 24)).toBe(true)
    }),
    { seed: 2, numRuns: 2000 },
  )
})

test.each([0, 1, 42])('is uniform and without pattern over a mask, seed %i', (seed) => {
  const size = 256
  const mask = Float64Array.from({ length: size * size }, (_, at) =>
    random(Math.floor(at / size), at % size, seed),
  )
  expect(kolmogorov(mask, (x) => x)).toBeLessThan(KOLMOGOROV_LIMIT)

  const neighbours = [
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 2],
    [2, 0],
    [0, 64],
    [64, 0],
    [1, 128],
  ] as const
  for (const [down, right] of neighbours) {
    const products: number[] = []
    for (let i = 0; i + down < size; i++)
      for (let j = 0; j + right < size; j++)
        products.push((mask[i * size + j]! - 0.5) * (mask[(i + down) * size + j + right]! - 0.5))
    expect(Math.abs(standardErrors(products, 0))).toBeLessThan(Z_LIMIT)
  }

  const transposed: number[] = []
  for (let i = 0; i < size; i++)
    for (let j = 0; j < i; j++) transposed.push((mask[i * size + j]! - 0.5) * (mask[j * size + i]! - 0.5))
  expect(Math.abs(standardErrors(transposed, 0))).toBeLessThan(Z_LIMIT)
})
