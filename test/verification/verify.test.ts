// `verify` as people call it: the library, the command line, and the cases that it replays.
import { afterEach, describe, expect, test } from 'vitest'
import { verify } from '../../compiler/index.ts'
import { referencePlatform } from '../../compiler/verification/execution/reference.ts'
import { propertyNames } from '../../compiler/verification/report.ts'
import { Console } from '../cli/console.ts'
import { testDevice } from '../setup/test-devices.ts'
import { modelOf, resultOf } from './verify-text.ts'

const leaking = `attention leaking {
  dim: 4  value_dim: 4  kernel: exp(dot(q, k))  feature: favor  projections: 8 seed 1
  mask: causal  stabilize: max 1e-2
}`
const dropped = `feature half(x, w) = exp(dot(w, x) - dot(x, x))
attention dropped { dim: 4 kernel: exp(dot(q, k)) feature: half projections: 8 }`
const exact = 'attention exact { dim: 4 kernel: exp(dot(q, k)) mask: causal }'

describe('the library', () => {
  test('refutes on a device, and replays the case', async () => {
    const device = await testDevice('SwiftShader')
    const options = { device, runs: 10, seed: 4, property: 'causality' } as const
    const { holds, refuted, attentions } = await verify(leaking, options)
    expect(holds).toBe(false)
    expect(refuted).toEqual([
      expect.stringMatching(/^leaking: causality is refuted: row \d+, column \d+ .*changes by/),
    ])
    const [result] = attentions[0]?.properties ?? []
    expect(result).toMatchObject({ name: 'causality', status: 'refuted' })
    const replay = result?.counterexample?.replay
    expect(replay).toMatchObject({ only: 'leaking', property: 'causality', seed: 4, runs: 10 })
    const again = await verify(leaking, { ...options, path: replay?.path })
    expect(again.attentions[0]?.properties[0]).toEqual(result)
  })

  test('a file with errors verifies nothing, and does not hold', async () => {
    const result = await verify('attention wrong { dim: 0 }')
    expect(result).toMatchObject({ attentions: [], holds: false })
    expect(result.diagnostics.length).toBeGreaterThan(0)
  })

  test('an attention that is not there', async () => {
    await expect(verify(exact, { only: 'exakt' })).rejects.toThrow(/expected one of the attentions \(exact\)/)
  })

  test('every property has a result, in order', async () => {
    const { attentions, holds } = await verify(exact, { backend: 'reference', runs: 2 })
    expect(attentions[0]?.properties.map(({ name }) => name)).toEqual(propertyNames)
    expect(holds).toBe(true)
    for (const { status, detail } of attentions[0]?.properties ?? [])
      expect([status, detail]).toEqual([
        expect.stringMatching(/^(held|skipped)$/),
        expect.stringMatching(/./),
      ])
  })

  test('tries sequences that are long enough for buckets to leak', async () => {
    const model = modelOf(
      'attention sorted { dim: 2 kernel: exp(dot(q, k)) buckets: 4 chunk 32 seed 1 mask: causal }',
    )
    const { status, detail, counterexample } = await resultOf(model, referencePlatform, 'causality', {
      runs: 20,
    })
    expect(status).toBe('refuted')
    expect(detail).toMatch(/row \d+, column \d+ .*changes by/)
    // What differs is seen to differ.
    expect(counterexample?.table.rows.some(([, before, after]) => before !== after)).toBe(true)
  })

  test('shrinks to a small case', async () => {
    const model = modelOf(exact)
    const wrong = {
      ...referencePlatform,
      backend: 'interpreter' as const,
      open: async () => ({
        projection: undefined,
        redraw: () => {},
        // Wrong from three rows on.
        forward: async (call: { q: Float32Array; length: number }) =>
          new Float32Array(call.q.length).fill(call.length < 3 ? Number.NaN : 1e9),
        destroy: () => {},
      }),
    }
    const { counterexample, status } = await resultOf(model, wrong, 'convexity', { runs: 5 })
    expect(status).toBe('refuted')
    expect(counterexample?.case).toContain('length 1, batch 1, heads 1')
  })

  test('warns where projections are too few for rows of ordinary size', async () => {
    const few =
      'attention few { dim: 64 scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) feature: favor projections: 16 }'
    const enough = 'attention enough { dim: 2 kernel: exp(dot(q, k) / 8) feature: small projections: 512 }'
    const feature = 'feature small(x, w) = exp(dot(w, x) / sqrt(8) - dot(x, x) / 16)\n'
    const warningsOf = async (text: string): Promise<readonly string[]> => {
      const { attentions } = await verify(text, {
        backend: 'reference',
        runs: 1,
        only: text === few ? 'few' : 'enough',
      })
      return attentions[0]?.warnings ?? []
    }
    expect(await warningsOf(feature + enough)).toEqual([])
    expect(await warningsOf(few)).toEqual([expect.stringMatching(/16 projections give weights .* as far/)])
  })
})

describe('the command', () => {
  let console: Console | undefined
  afterEach(() => console?.remove())

  test('text, JSON and exit status agree', async () => {
    console = new Console({ 'dropped.attn': dropped })
    const args = ['verify', 'dropped.attn', '--backend', 'reference', '--runs', '1']
    const text = await console.run(args)
    const json = await console.run([...args, '--json'])
    expect(text.status).toBe(1)
    expect(json.status).toBe(1)
    expect(text.out).toMatch(/unbiased\s+refuted\s+estimates exp\(dot\(q, k\) - /)
    expect(text.out).toContain(
      'again: attnc verify dropped.attn --only dropped --property unbiased --seed 0 --runs 1 --backend reference',
    )
    const document = JSON.parse(json.out) as {
      attentions: {
        name: string
        backend: string
        properties: { name: string; status: string; detail: string }[]
      }[]
    }
    expect(document.attentions).toMatchObject([{ name: 'dropped', backend: 'reference' }])
    for (const { name, status, detail } of document.attentions[0]?.properties ?? []) {
      const line = text.out.split('\n').find((one) => one.trim().startsWith(name))
      expect(line).toContain(status)
      expect(line).toContain(detail)
    }
  })

  test('nothing refuted ends with 0, and says how to look longer', async () => {
    console = new Console({ 'exact.attn': exact })
    const { status, out } = await console.run([
      'verify',
      'exact.attn',
      '--backend',
      'reference',
      '--runs',
      '2',
    ])
    expect(status).toBe(0)
    expect(out).toMatch(/0? ?held.*--runs 20 /s)
    expect(out).toMatch(/were not run: --backend webgpu, --backend wasm, --backend gpujs would/)
  })

  test('what cannot be done is said', async () => {
    console = new Console({ 'exact.attn': exact, 'bad.attn': 'attention bad { dim: 0 }' })
    expect(await console.run(['verify', 'exact.attn', '--only', 'exat'])).toMatchObject({ status: 2 })
    expect(await console.run(['verify', 'exact.attn', '--property', 'beauty'])).toMatchObject({ status: 2 })
    expect(await console.run(['verify', 'exact.attn', '--path', '0:1'])).toMatchObject({ status: 2 })
    const replayed = ['verify', 'exact.attn', '--property', 'causality', '--backend', 'reference', '--path']
    for (const path of ['abc', '', '-1', '1e1', '0:99999:0'])
      expect({ path, ...(await console.run([...replayed, path])) }).toMatchObject({
        path,
        status: 2,
        out: '',
      })
    expect(await console.run(['verify', 'exact.attn', '--runs', 'many'])).toMatchObject({ status: 2 })
    expect(await console.run(['verify', 'nowhere.attn'])).toMatchObject({ status: 2 })
    expect(await console.run(['verify', 'bad.attn'])).toMatchObject({ status: 1 })
  })
})
