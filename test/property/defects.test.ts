// Defects of published code that compiled attentions must not have, where no other property names them.
import { describe, expect, it } from 'vitest'
import { bitsOf } from '../numeric/compare.ts'
import { compileOne, forward, normals, onDevice, tensors } from '../numeric/harness.ts'
import type { Sizes, Tensors } from '../numeric/harness.ts'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'

const performer = (more: string) =>
  compileOne(
    `attention a { dim: 16 value_dim: 4 scale: 1 / sqrt(dim) feature: favor projections: 32 orthogonal ${more} }`,
  )

async function outputs(
  device: string,
  more: string,
  sizes: Sizes,
  calls: readonly Tensors[],
): Promise<Float32Array[]> {
  const attention = await onDevice(performer(more), await testDevice(device))
  const all: Float32Array[] = []
  for (const call of calls) all.push(await forward(attention, sizes, call))
  attention.destroy()
  return all
}

/** Root mean square of the differences. */
const apart = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, entry, at) => sum + (entry - (b[at] ?? Number.NaN)) ** 2, 0) / a.length)

describe.each(enoughDevices)('on %s', (device) => {
  const sizes = { length: 40 }
  const inputs = tensors(performer(''), sizes, 5, 1.5)

  it('D2: a larger last key changes earlier rows under the papers’ maximum, and not by default', async () => {
    const k = inputs.k.map((entry, at) => (at >= 39 * 16 ? entry * 3 : entry))
    const earlier = (out: Float32Array): Uint32Array => bitsOf(out).slice(0, 39 * 4)
    const [auto, autoAfter] = await outputs(device, 'mask: causal', sizes, [inputs, { ...inputs, k }])
    expect(earlier(autoAfter!)).toEqual(earlier(auto!))
    const [max, maxAfter] = await outputs(device, 'mask: causal stabilize: max 1e-4', sizes, [
      inputs,
      { ...inputs, k },
    ])
    expect(earlier(maxAfter!)).not.toEqual(earlier(max!))
  })

  it('D3: small weights are not drowned in a constant', async () => {
    const { v } = inputs
    const mean = Float32Array.from(
      { length: v.length },
      (_, at) => v.reduce((sum, entry, from) => sum + (from % 4 === at % 4 ? entry : 0), 0) / 40,
    )
    const [auto] = await outputs(device, '', sizes, [inputs])
    const [drowned] = await outputs(device, 'stabilize: max 1e-2', sizes, [inputs])
    expect(apart(auto!, mean)).toBeGreaterThan(4 * apart(drowned!, mean))
  })

  it('D7: the papers’ maximum is taken over a head’s rows, and not over heads or batch items', async () => {
    const many = { length: 33, batch: 2, heads: 2 }
    const all = tensors(performer(''), many, 8)
    const last = (tensor: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> =>
      tensor.slice((tensor.length * 3) / 4)
    const others = (tensor: Float32Array<ArrayBuffer>, seed: number): Float32Array<ArrayBuffer> => {
      const changed = normals(tensor.length, seed, 3)
      changed.set(last(tensor), (tensor.length * 3) / 4)
      return changed
    }
    const [out, after] = await outputs(device, 'stabilize: max 1e-3', many, [
      all,
      { q: others(all.q, 3), k: others(all.k, 4), v: others(all.v, 5) },
    ])
    expect(bitsOf(after!).slice((after!.length * 3) / 4)).toEqual(bitsOf(out!).slice((out!.length * 3) / 4))
  })
})
