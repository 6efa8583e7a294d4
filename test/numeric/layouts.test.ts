// Tensors whose heads are inside rows: read and written as they lie, by the kernels of every spec and on every backend.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { reference, referenceGradients } from '../../compiler/index.ts'
import { weightsOf } from '../../compiler/verification/cases/weights.ts'
import type { Built } from '../../compiler/pipeline.ts'
import { headsOf } from '../../runtime/contract/tensors.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, Backend } from '../../runtime/index.ts'
import type * as Packages from '../../runtime/node/packages.ts'
import { narrow, widen } from '../../runtime/storage/half.ts'
import { bufferWith, contentsOf, testDevice } from '../runtime/device.ts'
import { usualError } from './compare.ts'
import { compileFor, compileOne, expected, full, normals, relativeError, tensors } from './harness.ts'
import type { Sizes, Tensors, Weights } from './harness.ts'
import { interpreted } from './interpreted.ts'
import { sized, specs } from './small-specs.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const actual = await original<typeof Packages>()
  const importPackage = (name: string) =>
    name === 'attnc' ? Promise.resolve({ reference, referenceGradients }) : actual.importPackage(name)
  return { ...actual, importPackage }
})

/** [batch, first, second, …] with the axes in the middle exchanged, written anew so that it owes nothing to the runtime. */
function turned(
  tensor: ArrayLike<number>,
  batch: number,
  first: number,
  second: number,
): Float32Array<ArrayBuffer> {
  const width = tensor.length / (batch * first * second)
  return Float32Array.from({ length: tensor.length }, (_, place) => {
    const [entry, row] = [place % width, Math.floor(place / width)]
    const [one, rest] = [row % first, Math.floor(row / first)]
    const [other, item] = [rest % second, Math.floor(rest / second)]
    return tensor[((item * first + one) * second + other) * width + entry] ?? Number.NaN
  })
}

type Axes = Required<Omit<Sizes, 'lengths' | 'inside'>>
const queries = (tensor: ArrayLike<number>, { batch, heads, length }: Axes) =>
  turned(tensor, batch, heads, length)
const keys = (tensor: ArrayLike<number>, { batch, kvHeads, keyLength }: Axes) =>
  turned(tensor, batch, kvHeads, keyLength)
const inside = <T extends Readonly<Record<'q' | 'k' | 'v', Float32Array>>>(rows: T, axes: Axes) => ({
  ...rows,
  q: queries(rows.q, axes),
  k: keys(rows.k, axes),
  v: keys(rows.v, axes),
})

/** Declared inputs, whose heads are inside rows too. */
const inputsInside = ({ model }: Built, { inputs }: Tensors, axes: Axes): Pick<Tensors, 'inputs'> =>
  inputs === undefined
    ? {}
    : {
        inputs: Object.fromEntries(
          (model.inputs ?? []).map(({ name, heads, rows = 'keyLength' }) => [
            name,
            turned(inputs[name] ?? [], axes.batch, headsOf(heads, axes), axes[rows]),
          ]),
        ),
      }

/** Features of either sign, whose sums cancel. */
const looser: Readonly<Record<string, number>> = { performer_trigonometric: 1e-4, cosformer: 5e-5 }

describe('kernels for GPUs', () => {
  test.each(specs)('of %s', (name) => {
    const built = compileOne(sized(name).replace(/projections: 266/, 'projections: 34'))
    const { values, heads: fixed } = weightsOf(built.model)
    const weights = values as Weights
    const sizes = { batch: 2, heads: fixed ?? 4, kvHeads: fixed ?? 2, length: 37, lengths: [37, 20] }
    const axes = full(sizes)
    const given = tensors(built, sizes, 5)
    const turnedOver = { ...inside(given, axes), ...inputsInside(built, given, axes) }
    const { out } = interpreted(built, { ...sizes, inside: true }, turnedOver, weights)
    const wanted = expected(built, sizes, given, undefined, weights)
    expect(relativeError(out, queries(wanted, axes))).toBeLessThan(looser[name] ?? usualError)
  })
})

const texts = {
  /** Of widths that are multiples of 4, which are moved in fours. */
  exact: 'attention a { dim: 8 value_dim: 12 kernel: exp(dot(q, k)) mask: causal }',
  /** Of odd widths. */
  features: 'attention a { dim: 5 value_dim: 3 feature: elu1 mask: causal }',
} as const

let device: GPUDevice
beforeAll(async () => {
  device = await testDevice()
})
afterAll(() => device.destroy())

const sizes = { batch: 2, heads: 6, kvHeads: 3, length: 7 } as const
const axes = full(sizes)
const layout = 'blhd'

describe.each(['webgpu', 'wasm', 'gpujs', 'reference'] as const)('%s', (backend: Backend) => {
  describe.each(Object.entries(texts))('%s', (_, text) => {
    const built = compileFor(backend === 'reference' ? 'webgpu' : backend, text)
    const { dim, valueDim } = built.model
    const rows = tensors(built, sizes, 3)
    const dout = normals(2 * 6 * 7 * valueDim, 9)
    let attention: Attention
    beforeAll(async () => {
      attention = await createAttention(built.program, { backend, ...(backend === 'webgpu' && { device }) })
    })
    afterAll(() => attention.destroy())

    test('forward and prefill, with lengths, then a token', async () => {
      const lengths = [7, 4]
      const wanted = expected(built, { ...sizes, lengths }, rows)
      const given = { ...inside(rows, axes), ...sizes, lengths, layout } as const
      expect(relativeError(await attention.forward(given), queries(wanted, axes))).toBeLessThan(usualError)
      const { out, state } = await attention.prefill(given)
      expect(relativeError(out, queries(wanted, axes))).toBeLessThan(usualError)
      const token = tensors(built, { ...sizes, length: 1 }, 20)
      const one = await attention.step(state, { ...token, layout })
      const apart = await attention.prefill({ ...rows, ...sizes, lengths })
      expect(one).toEqual(await attention.step(apart.state, token))
      await expect(attention.step(state, { ...token, layout: 'hbld' as never })).rejects.toThrow(
        /layout must be 'bhld' or 'blhd'/,
      )
    })

    test('backward', async () => {
      const call = { ...inside(rows, axes), dout: queries(dout, axes), ...sizes, layout } as const
      const { dq, dk, dv } = await attention.backward(call)
      const wanted = referenceGradients(text, 'a')({ ...rows, dout, ...sizes, keyLength: 7 })
      expect(relativeError(dq, queries(wanted.dq, axes))).toBeLessThan(usualError)
      expect(relativeError(dk, keys(wanted.dk, axes))).toBeLessThan(usualError)
      expect(relativeError(dv, keys(wanted.dv, axes))).toBeLessThan(usualError)
    })

    test('arrays may be changed as soon as the call is made, and wrong ones are refused', async () => {
      const given = inside(rows, axes)
      const out = await attention.forward({ ...given, ...sizes, layout })
      const pending = attention.forward({ ...given, ...sizes, layout })
      for (const tensor of [given.q, given.k, given.v]) tensor.fill(0)
      expect(await pending).toEqual(out)
      await expect(attention.forward({ ...rows, q: dout, ...sizes, layout })).rejects.toThrow(
        `q needs ${2 * 6 * 7 * dim} numbers`,
      )
      await expect(attention.forward({ ...rows, ...sizes, layout: 'bldh' as never })).rejects.toThrow(
        `a.forward: layout must be 'bhld' or 'blhd'; it is "bldh".`,
      )
    })

    test('f16', async () => {
      const narrowed = { q: narrow(rows.q).halves, k: narrow(rows.k).halves, v: narrow(rows.v).halves }
      const wide = { q: widen(narrowed.q), k: widen(narrowed.k), v: widen(narrowed.v) }
      const given = inside(wide, axes)
      using half = await createAttention(built.program, {
        backend,
        storage: 'f16',
        ...(backend === 'webgpu' && { device }),
      })
      const out = await half.forward({
        q: narrow(given.q).halves,
        k: narrow(given.k).halves,
        v: narrow(given.v).halves,
        ...sizes,
        layout,
      })
      const wanted = reference(text, 'a')({ ...wide, ...sizes, keyLength: 7 })
      expect(relativeError(widen(out), queries(wanted, axes))).toBeLessThan(2 ** -11)
    })
  })
})

test('recorded commands read buffers as they lie, forward and back', async () => {
  const built = compileOne(texts.exact)
  const rows = tensors(built, sizes, 3)
  const dout = normals(2 * 6 * 7 * 12, 9)
  using attention = await createAttention(built.program, { device })
  await attention.prepareBackward()
  const upload = (tensor: Float32Array): GPUBuffer => bufferWith(device, tensor)
  const { q, k, v } = inside(rows, axes)
  const given = { q: upload(q), k: upload(k), v: upload(v) }
  const results = {
    out: upload(dout.map(() => Number.NaN)),
    dq: upload(q.map(() => Number.NaN)),
    dk: upload(k.map(() => Number.NaN)),
    dv: upload(v.map(() => Number.NaN)),
  }
  const { out, ...gradients } = results
  const encoder = device.createCommandEncoder()
  attention.encode(encoder, { ...given, out }, { ...sizes, layout })
  const back = { ...given, dout: upload(queries(dout, axes)), ...gradients }
  attention.encodeBackward(encoder, back, { ...sizes, layout })
  device.queue.submit([encoder.finish()])
  const wanted = { ...referenceGradients(texts.exact, 'a')({ ...rows, dout, ...sizes, keyLength: 7 }) }
  const errorOf = async (buffer: GPUBuffer, numbers: Float32Array): Promise<number> =>
    relativeError(await contentsOf(device, buffer, numbers.length), numbers)
  expect(await errorOf(out, queries(expected(built, sizes, rows), axes))).toBeLessThan(usualError)
  expect(await errorOf(results.dq, queries(wanted.dq, axes))).toBeLessThan(usualError)
  expect(await errorOf(results.dk, keys(wanted.dk, axes))).toBeLessThan(usualError)
  expect(await errorOf(results.dv, keys(wanted.dv, axes))).toBeLessThan(usualError)
})
