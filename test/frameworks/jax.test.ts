// Attentions in jax-js: on its arrays in memory and on its WebGPU, and inside a model that jax differentiates.
import { beforeAll, describe, expect, test } from 'vitest'
import { referenceGradients } from '../../compiler/index.ts'
import { attentionInJax, valueAndGradOfParts } from '../../runtime/backends/webgpu/hosts/jax.ts'
import type { Jax, JaxArray, JaxWithDerivatives } from '../../runtime/backends/webgpu/hosts/jax.ts'
import { createAttention } from '../../runtime/index.ts'
import { nodeGpu } from '../../runtime/node-gpu.ts'
import { compileFor, expected, normals, relativeError } from '../numeric/harness.ts'
import { countTraffic } from '../runtime/device.ts'
import { recordDevice } from '../setup/devices.ts'
import { typeErrors } from './types.ts'

interface Own extends JaxArray {
  readonly refCount: number
  add(other: Own): Own
  mul(by: Own | number): Own
  sum(): Own
  data(): Promise<Float32Array>
}

/** What these tests call beside what an attention needs. */
type Library = Jax &
  JaxWithDerivatives & {
    init(...devices: string[]): Promise<string[]>
    defaultDevice(name?: string): string
  }

const spec = 'attention a { dim: 6 value_dim: 5 feature: elu1 mask: causal }'
const sizes = { batch: 2, heads: 4, kvHeads: 2, length: 19, keyLength: 19 }
const shapes = { q: [2, 4, 19, 6], k: [2, 2, 19, 6], v: [2, 2, 19, 5], dout: [2, 4, 19, 5] }
const numbers = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], seed) => [
    name,
    normals(
      shape.reduce((a, b) => a * b),
      seed,
    ),
  ]),
) as Record<keyof typeof shapes, Float32Array<ArrayBuffer>>

let jax: Library
beforeAll(async () => {
  const { gpu } = await nodeGpu({ software: 'only' })
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: '' }, configurable: true })
  // By a name that types do not follow, since jax-js has none that would serve here.
  const name = '@jax-js/jax'
  jax = (await import(name)) as Library
  await jax.init('wasm', 'webgpu')
})

const array = (of: Float32Array<ArrayBuffer>, shape: number[]): Own => jax.numpy.array(of, { shape }) as Own
const moduleFor = (target: 'wasm' | 'webgpu') => {
  const { program } = compileFor(target, spec)
  return { create: (options?: object) => createAttention(program, options) }
}

describe.each(['wasm', 'webgpu'] as const)('on %s', (target) => {
  test('results and cotangents are those of the reference, and nothing is left behind', async () => {
    jax.defaultDevice(target)
    const attend = await attentionInJax(jax, moduleFor(target))
    using attention = attend.attention
    recordDevice(`${attention.device} (jax-js)`)
    expect(attention.gpuDevice !== undefined).toBe(target === 'webgpu')
    const [q, k, v, dout] = (['q', 'k', 'v', 'dout'] as const).map((name) =>
      array(numbers[name], shapes[name]),
    ) as [Own, Own, Own, Own]
    // The first call loads.
    for (const one of await attend.vjp(q.ref, k.ref, v.ref, dout.ref)) one.dispose()
    const [mapped, written] = attention.gpuDevice ? countTraffic(attention.gpuDevice) : []
    const out = await attend(q.ref, k.ref, v.ref)
    const cotangents = await attend.vjp(q.ref, k.ref, v.ref, dout.ref)
    expect(mapped?.count ?? 0).toBe(0)
    expect(written?.bytes ?? 0).toBeLessThan(1500)
    expect([q, k, v, dout].map(({ refCount }) => refCount)).toEqual([1, 1, 1, 1])

    expect(out.shape).toEqual(shapes.dout)
    expect(relativeError(await out.data(), expected(compileFor('wasm', spec), sizes, numbers))).toBeLessThan(
      1e-5,
    )
    const { dq, dk, dv } = referenceGradients(spec, 'a')({ ...numbers, ...sizes })
    for (const [n, wanted] of [dq, dk, dv].entries())
      expect(relativeError(await cotangents[n]!.data(), wanted)).toBeLessThan(1e-5)
    await expect(attend(q.ref, q.ref, v.ref)).rejects.toThrow(/a: v must be float32 of the shape/)

    const counts = { lengths: [19, 7] }
    const [, ofKeys] = await attend.vjp(q.ref, k.ref, v.ref, dout.ref, counts)
    const counted = referenceGradients(spec, 'a')({ ...numbers, ...sizes, ...counts })
    expect(relativeError(await ofKeys.data(), counted.dk)).toBeLessThan(1e-5)
    const part = await (await attend(q.ref, k.ref, v.ref, counts)).data()
    const rows = expected(compileFor('wasm', spec), { ...sizes, ...counts }, numbers)
    expect(relativeError(part, rows)).toBeLessThan(1e-5)
    await expect(attend(q.ref, k.ref, v.ref, { lengths: [20, 1] })).rejects.toThrow(
      /a: lengths\[0\] must be an integer from 0 to keyLength 19; it is 20/,
    )
    await expect(attend(q.ref, k.ref, v.ref, { length: 3 } as never)).rejects.toThrow(
      /does not know 'length'/,
    )
    expect([q, k, v, dout].map(({ refCount }) => refCount)).toEqual([1, 1, 1, 1])
  })
})

test('a model of two attentions has the gradient that differences show', async () => {
  jax.defaultDevice('wasm')
  const { program } = compileFor('wasm', 'attention b { dim: 4 feature: elu1 mask: causal }')
  const attend = await attentionInJax(jax, { create: (options) => createAttention(program, options) })
  type Carried = { out: Own; rest: Own }
  const qkv = (of: Own, by: Own) => ({
    q: of.ref.mul(by.ref),
    k: of.ref.mul(0.5),
    v: of.ref.mul(by),
    rest: of,
  })
  const parts = [
    ({ a, b }: { a: Own; b: Own }, _: object, { x }: { x: Own }) => (b.dispose(), qkv(x, a)),
    ({ a, b }: { a: Own; b: Own }, { out, rest }: Carried, { x }: { x: Own }) => (
      x.dispose(),
      qkv(out.mul(a).add(rest), b)
    ),
    ({ a, b }: { a: Own; b: Own }, { out, rest }: Carried, { x }: { x: Own }) => (
      a.dispose(),
      out.mul(rest).mul(b).mul(x).sum()
    ),
  ]
  const gradient = valueAndGradOfParts<{ a: Own; b: Own }>(jax, attend, parts)
  const x = array(normals(2 * 7 * 4, 1), [1, 2, 7, 4])
  const at = (values: Float32Array<ArrayBuffer>) => array(values, [1, 2, 7, 4])
  const params = { a: normals(56, 2), b: normals(56, 3) }
  const lossOf = async (a: Float32Array<ArrayBuffer>, b: Float32Array<ArrayBuffer>) =>
    gradient({ a: at(a), b: at(b) }, { x: x.ref })
  const [loss, found] = await lossOf(params.a, params.b)
  expect(Number.isFinite((await (loss as Own).data())[0])).toBe(true)
  const along = { a: normals(56, 4, 1e-3), b: normals(56, 5, 1e-3) }
  const moved = (name: 'a' | 'b', by: number) => params[name].map((of, n) => of + by * along[name][n]!)
  const [above] = await lossOf(moved('a', 1), moved('b', 1))
  const [below] = await lossOf(moved('a', -1), moved('b', -1))
  const difference = ((await (above as Own).data())[0]! - (await (below as Own).data())[0]!) / 2
  const [da, db] = [await found.a.data(), await found.b.data()]
  const slope = along.a.reduce((sum, of, n) => sum + of * da[n]! + along.b[n]! * db[n]!, 0)
  expect(Math.abs(slope - difference)).toBeLessThan(2e-3 * Math.abs(difference))
  attend.attention.destroy()
})

test.each([1, 2, 3, 4])('a model whose call %i of an attention fails leaves nothing behind', async (call) => {
  jax.defaultDevice('wasm')
  const arrays = new Set<Own>()
  const seen = (one: Own): Own => (arrays.add(one), one)
  let calls = 0
  const attend =
    (of: (...given: Own[]) => Own[]) =>
    async (...all: (Own | undefined)[]) => {
      const given = all.flatMap((one) => (one === undefined ? [] : [seen(one)]))
      calls++
      const made = calls === call ? [] : of(...given).map(seen)
      for (const one of given) one.dispose()
      if (made.length === 0) throw new Error('no attention today')
      return made
    }
  const forward = attend((q) => [q.ref.mul(2)])
  const attention = Object.assign(async (...given: Own[]) => (await forward(...given))[0]!, {
    vjp: attend((q, k, v, dout) => [dout.ref.mul(2), k.ref.mul(0), v.ref.mul(0)]),
  })
  const qkv = (of: Own) => ({ q: of.ref.mul(2), k: of.ref.mul(3), v: of.ref.mul(4), rest: of })
  type Carried = { out: Own; rest: Own }
  const parts = [
    ({ a }: { a: Own }, _: object, { x }: { x: Own }) => qkv(x.mul(a)),
    ({ a }: { a: Own }, { out, rest }: Carried, { x }: { x: Own }) => (
      x.dispose(),
      qkv(out.mul(a).add(rest))
    ),
    ({ a }: { a: Own }, { out, rest }: Carried, { x }: { x: Own }) => out.mul(rest).mul(a).mul(x).sum(),
  ]
  const gradient = valueAndGradOfParts<{ a: Own }>(jax, attention as never, parts)
  const at = (seed: number): Own => seen(array(normals(4, seed), [4]))
  await expect(gradient({ a: at(1) }, { x: at(2) })).rejects.toThrow('no attention today')
  expect([...arrays].map(({ refCount }) => refCount)).toEqual([...arrays].map(() => 0))
})

test('options that it does not take are refused', async () => {
  jax.defaultDevice('wasm')
  await expect(attentionInJax(jax, moduleFor('wasm'), { storage: 'f16' } as never)).rejects.toThrow(
    /does not know 'storage'/,
  )
})

test('its types are those of the library', () => {
  const program = `import * as jax from '@jax-js/jax'
    import { attentionInJax, valueAndGradOfParts } from '../../runtime/backends/webgpu/hosts/jax.ts'
    import type { AttentionModule } from '../../runtime/backends/webgpu/hosts/jax.ts'
    type Params = { a: jax.Array }
    type Rows = { q: jax.Array; k: jax.Array; v: jax.Array; rest: jax.Array }
    const first = (params: Params, _: object, data: { x: jax.Array }): Rows => {
      const rest = data.x.mul(params.a)
      return { q: rest.ref, k: rest.ref, v: rest.ref, rest }
    }
    const last = ({ a }: Params, { out, rest }: { out: jax.Array; rest: jax.Array }, data: { x: jax.Array }) =>
      out.add(rest).mul(a).mul(data.x).sum()
    export async function train(module: AttentionModule, params: Params, x: jax.Array): Promise<Params> {
      const attend = await attentionInJax(jax, module)
      const result: jax.Array = await attend(x.ref, x.ref, x.ref)
      result.dispose()
      const [, gradient] = await valueAndGradOfParts<Params>(jax, attend, [first, last])(params, { x })
      return gradient
    }`
  expect(typeErrors('typed-jax', program)).toBe('')
})
