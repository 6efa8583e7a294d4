// `attnc bench`: a sweep on the device, its document, and its mistakes.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Console } from './console.ts'

let at: Console
beforeAll(() => {
  at = new Console({ 'linear.attn': 'attention linear { dim: 8 feature: elu1 mask: causal }' })
})
afterAll(() => at.remove())

interface BenchDocument {
  readonly devices: Readonly<Record<string, string>>
  readonly rows: {
    name: string
    length: number
    backend: string
    error: number
    median: number
    ahead: number
  }[]
}

test('times what is right, backends side by side, with exact softmax of each beside it', async () => {
  const { status, out } = await at.run([
    'bench',
    'linear.attn',
    '--backend',
    'gpujs,webgpu',
    '--lengths',
    '16,33',
    '--rounds',
    '2',
    '--json',
  ])
  expect(status).toBe(0)
  const { devices, rows } = JSON.parse(out) as BenchDocument
  expect(devices['gpujs']).toMatch(/gpu\.js/)
  expect(Object.keys(devices).toSorted()).toEqual(['gpujs', 'webgpu'])
  expect(rows.map(({ name, length, backend }) => [name, length, backend])).toEqual([
    ['linear', 16, 'webgpu'],
    ['linear', 16, 'gpujs'],
    ['linear', 33, 'webgpu'],
    ['linear', 33, 'gpujs'],
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
