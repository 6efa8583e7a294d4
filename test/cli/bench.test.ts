// `attnc bench`: a sweep on the device, its document, and its mistakes.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Console } from './console.ts'

let at: Console
beforeAll(() => {
  at = new Console({
    'exact.attn': 'attention exact { dim: 8 kernel: exp(dot(q, k)) mask: causal }',
    'hashed.attn': 'attention hashed { dim: 8 kernel: exp(dot(q, k)) buckets: 4 rounds 1 chunk 8 }',
  })
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
    modelled?: number
    onDevice?: number
  }[]
  readonly model?: { readonly profile: string; readonly likeness: string }
}

test('times what is right, backends side by side, with exact softmax of each beside it', async () => {
  const { status, out } = await at.run([
    'bench',
    'exact.attn',
    '--backend',
    'gpujs,webgpu',
    '--lengths',
    '16,33',
    '--rounds',
    '2',
    '--json',
  ])
  expect(status).toBe(0)
  const { devices, model, rows } = JSON.parse(out) as BenchDocument
  expect(devices['gpujs']).toMatch(/gpu\.js/)
  expect(Object.keys(devices).toSorted()).toEqual(['gpujs', 'webgpu'])
  expect(rows.map(({ name, length, backend }) => [name, length, backend])).toEqual([
    ['exact', 16, 'webgpu'],
    ['exact', 16, 'gpujs'],
    ['exact', 33, 'webgpu'],
    ['exact', 33, 'gpujs'],
  ])
  expect(model).toMatchObject({ profile: 'rtx4060laptop', likeness: 'none' })
  for (const { backend, error, median, modelled, onDevice, ahead } of rows) {
    expect(modelled !== undefined && modelled > 0).toBe(backend === 'webgpu')
    expect(onDevice !== undefined && onDevice > 0).toBe(backend === 'webgpu')
    expect(error).toBeLessThan(1e-5)
    expect(median).toBeGreaterThan(0)
    expect(ahead).toBeGreaterThan(0)
  }
})

test('draws a bar a length, ends with who is ahead from where, and saves a table and a drawing', async () => {
  const words = ['bench', 'exact.attn', '--backend', 'wasm', '--lengths', '16,40', '--rounds', '1']
  const { status, out } = await at.run([...words, '--csv', 'times.csv', '--svg', 'times.svg'])
  expect(status).toBe(0)
  const bars = [...out.matchAll(/^ {2}exact .*?(█[█▉▊▋▌▍▎▏]*)?$/gm)].map(([, bar]) => bar)
  expect(bars.filter((bar) => bar === '█'.repeat(20))).toHaveLength(1)
  expect(out).toMatch(
    /^ {2}exact on wasm is (not ahead of softmax at length 40|ahead of softmax from length)/m,
  )
  const read = (name: string): string => readFileSync(join(at.directory, name), 'utf8')
  const [head, ...rows] = read('times.csv').trim().split('\n')
  expect(head).toBe('attention,length,backend,milliseconds,ahead_of_softmax,error')
  expect(rows.map((row) => row.split(',').slice(0, 3))).toEqual([
    ['exact', '16', 'wasm'],
    ['exact', '40', 'wasm'],
  ])
  expect(read('times.svg').match(/<polyline/g)).toHaveLength(2)
  expect(read('times.svg')).not.toMatch(/NaN|Infinity/)
})

describe('where a backend has no kernels of an attention', () => {
  const hashed = ['bench', 'hashed.attn', '--lengths', '16', '--rounds', '1']

  test('the other backends are timed, and a line says why that one is not', async () => {
    const words = [...hashed, '--backend', 'wasm,gpujs']
    const { status, out } = await at.run(words)
    expect(status).toBe(0)
    expect(out).toMatch(/^ {2}hashed +16  wasm /m)
    expect(out).toMatch(/^ {2}hashed is not timed on gpujs: attention with buckets .*gpujs/m)
    const { untimed } = JSON.parse((await at.run([...words, '--json'])).out) as { untimed: unknown[] }
    expect(untimed).toEqual([
      { name: 'hashed', backend: 'gpujs', reason: expect.stringContaining('buckets') as string },
    ])
  })

  test('and it is the only one, an error says so', async () => {
    const { status, out, err } = await at.run([...hashed, '--backend', 'gpujs'])
    expect({ status, out }).toEqual({ status: 1, out: '' })
    expect(err).toMatch(/^hashed\.attn:1:1: error A0501: .*buckets .*gpujs/)
  })
})

test('a length that is none ends with status 2', async () => {
  const { status } = await at.run(['bench', 'exact.attn', '--lengths', '64,x'])
  expect(status).toBe(2)
})
