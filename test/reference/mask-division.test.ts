// What is divided by 0 in a mask: no comparison of it holds.
import { expect, test } from 'vitest'
import { reference } from '../../compiler/index.ts'

/** The keys that a row sees: values are powers of 2, and the sum of those that are seen tells which. */
function seen(mask: string, length = 6): readonly string[] {
  const text = `attention a { dim: 1 kernel: dot(q, k) normalize: none mask: ${mask} }`
  const ones = Float32Array.from({ length }, () => 1)
  const v = Float32Array.from({ length }, (_, j) => 2 ** j)
  const out = reference(
    text,
    'a',
  )({ q: ones, k: ones, v, length, heads: 1, batch: 1, kvHeads: 1, keyLength: length })
  return [...out].map((sum) => Array.from(sum.toString(2).padStart(length, '0')).reverse().join(''))
}

test.each([
  ['i % j < 3', (i: number, j: number) => j !== 0 && i % j < 3],
  ['i % j != 1', (i: number, j: number) => j !== 0 && i % j !== 1],
  ['!(i % j == 1)', (i: number, j: number) => !(j !== 0 && i % j === 1)],
  ['i / j > 2', (i: number, j: number) => j !== 0 && i / j > 2],
  [
    'floor(i / (j - 2)) >= 1 || i == 0',
    (i: number, j: number) => (j !== 2 && Math.floor(i / (j - 2)) >= 1) || i === 0,
  ],
  ['i % (j % i) == 0', (i: number, j: number) => i !== 0 && j % i !== 0 && i % (j % i) === 0],
  ['i % (j + 1) == 0', (i: number, j: number) => i % (j + 1) === 0],
] as const)('%s', (mask, shows) => {
  const indexes = [0, 1, 2, 3, 4, 5]
  expect(seen(mask)).toEqual(indexes.map((i) => indexes.map((j) => Number(shows(i, j))).join('')))
})
