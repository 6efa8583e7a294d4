// `attnc bench`: a sweep on the device, its document, and its mistakes.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Console } from './console.ts'

let at: Console
beforeAll(() => {
  at = new Console({ 'linear.attn': 'attention linear { dim: 8 feature: elu1 mask: causal }' })
})
afterAll(() => at.remove())

interface BenchDocument {
  readonly device: string
  readonly rows: { name: string; length: number; error: number; median: number; ahead: number }[]
}

test('times what is right, with exact softmax beside it', async () => {
  const { status, out } = await at.run([
    'bench',
    'linear.attn',
    '--lengths',
    '16,33',
    '--rounds',
    '2',
    '--json',
  ])
  expect(status).toBe(0)
  const { device, rows } = JSON.parse(out) as BenchDocument
  expect(device).not.toBe('')
  expect(rows.map(({ name, length }) => [name, length])).toEqual([
    ['linear', 16],
    ['linear', 33],
  ])
  for (const { error, median, ahead } of rows) {
    expect(error).toBeLessThan(1e-5)
    expect(median).toBeGreaterThan(0)
    expect(ahead).toBeGreaterThan(0)
  }
})

test('a length that is none ends with status 2', async () => {
  const { status } = await at.run(['bench', 'linear.attn', '--lengths', '64,x'])
  expect(status).toBe(2)
})
