import { expect, test } from 'vitest'
import { fillNormal, normalQuantile } from '../../runtime/projection/normal.ts'
import { kolmogorov, KOLMOGOROV_LIMIT, normalDistribution, standardErrors, Z_LIMIT } from './statistics.ts'

// Computed with 60 digits (bisection on mpmath's erfc), for the double that p is.
const quantiles = [
  [2 ** -53, -8.2095361516013868556],
  [3 * 2 ** -53, -8.0765710041301246502],
  [1e-12, -7.0344838253011319326],
  [1.3887943864964021e-11, -6.6579046435011035837],
  [1e-9, -5.9978070150076868614],
  [1e-5, -4.2648907939228246102],
  [0.001, -3.0902323061678135354],
  [0.02, -2.0537489106318230443],
  [0.07499999999999996, -1.4395314709384562291],
  [0.0751, -1.4388253927525399824],
  [0.25, -0.6744897501960817432],
  [0.4999999, -2.5066282747031065135e-7],
  [0.6, 0.25334710313579974132],
  [0.925, 1.4395314709384562291],
  [0.93, 1.475791028179171099],
  [0.999, 3.0902323061678132778],
  [1 - 2 ** -53, 8.2095361516013868556],
  [1 - 2 ** -40, 7.0477002566644087254],
  [0.9999847412109375, 4.169569323349105755],
] as const

test.each(quantiles)('the quantile of %d', (p, exact) => {
  expect(Math.abs(normalQuantile(p) / exact - 1)).toBeLessThan(1e-15)
})

test('the median is 0, and the two tails mirror each other exactly', () => {
  expect(normalQuantile(0.5)).toBe(0)
  for (let bits = 1; bits <= 53; bits++)
    expect(normalQuantile(1 - 2 ** -bits)).toBe(-normalQuantile(2 ** -bits) + 0)
})

test('the quantile rises, also where one approximation hands over to the next', () => {
  for (const join of [0.075, 0.925, 1.3887943864964021e-11]) {
    let before = -Infinity
    for (let step = -200; step <= 200; step++) {
      const now = normalQuantile(join * (1 + step * 1e-13))
      expect(now).toBeGreaterThanOrEqual(before)
      before = now
    }
  }
})

test('numbers of a stream are normal', () => {
  const numbers = fillNormal(new Float64Array(100_001), { seed: 3, use: 0, block: 0 })
  expect(kolmogorov(numbers, normalDistribution)).toBeLessThan(KOLMOGOROV_LIMIT)
  const moments = [0, 1, 0, 3, 0, 15]
  moments.forEach((moment, i) => {
    const powers = numbers.map((x) => x ** (i + 1))
    expect(Math.abs(standardErrors(powers, moment))).toBeLessThan(Z_LIMIT)
  })
  const successive = numbers.subarray(1).map((x, i) => x * numbers[i]!)
  expect(Math.abs(standardErrors(successive, 0))).toBeLessThan(Z_LIMIT)
})

test('a shorter array holds the first numbers of a longer one', () => {
  const stream = { seed: 3, use: 1, block: 4 }
  const long = fillNormal(new Float64Array(10), stream)
  expect(fillNormal(new Float64Array(7), stream)).toEqual(long.slice(0, 7))
})

test('nothing but correctly rounded operations is used', async () => {
  const { readdir, readFile } = await import('node:fs/promises')
  const folder = new URL('../../runtime/projection/', import.meta.url)
  const used = new Set<string>()
  for (const file of await readdir(folder)) {
    const code = (await readFile(new URL(file, folder), 'utf8')).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    for (const [name] of code.matchAll(/\bMath\.\w+|\*\*/g)) used.add(name)
  }
  const exact = [
    'Math.LN2',
    'Math.SQRT1_2',
    'Math.abs',
    'Math.ceil',
    'Math.floor',
    'Math.imul',
    'Math.min',
    'Math.sqrt',
  ]
  expect([...used].filter((name) => !exact.includes(name))).toEqual([])
})
