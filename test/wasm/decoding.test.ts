// A prefix at once and then a token at a time on the backend wasm: as the whole sequence in float64, from states that
// are copied, saved, and handed to and from WebGPU.
import { expect, it } from 'vitest'
import type { Attention } from '../../runtime/index.ts'
import {
  compileFor,
  compileOne,
  expected,
  full,
  onDevice,
  relativeError,
  tensors,
} from '../numeric/harness.ts'
import { partsOf, rows } from '../numeric/parts.ts'
import { sized } from '../numeric/small-specs.ts'
import { testDevice } from '../setup/test-devices.ts'
import { onWasm } from './harness.ts'

/** With a state of sums, scaled or not, with a decay, and with a cache of rows. */
const specs = ['linear_transformer', 'performer', 'retnet', 'softmax'] as const

/** Those whose states also go to WebGPU and come from it; its kernels take long to compile on a software device. */
const exchanged: readonly string[] = ['performer', 'softmax']

const sizes = { length: 71, batch: 2, heads: 4, kvHeads: 2 }
const { batch, heads, kvHeads } = full(sizes)

it.each(specs)('%s', async (name) => {
  const built = compileFor('wasm', sized(name).replace('mask: none', 'mask: causal'))
  const { valueDim } = built.model
  using wasm = await onWasm(built, 2)
  using webgpu = exchanged.includes(name)
    ? await onDevice(compileOne(built.program.source), await testDevice('SwiftShader'))
    : undefined
  const inputs = tensors(built, sizes, 1, 0.7)
  const whole = expected(built, sizes, inputs, wasm.projection)
  const part = partsOf(built, sizes, inputs)
  const wanted = (from: number, to: number): Float32Array => rows(whole, sizes.length, valueDim, from, to)
  const prefix = async (on: Attention, split: number) =>
    on.prefill({ ...part(0, split), batch, heads, kvHeads, length: split })

  for (const split of [1, 33, 64]) {
    const { out, state } = await prefix(wasm, split)
    expect(relativeError(out, wanted(0, split))).toBeLessThan(5e-6)
    const copy = state.copy()
    for (let token = split; token < split + 3; token++)
      expect(
        relativeError(await wasm.step(state, part(token, token + 1)), wanted(token, token + 1)),
      ).toBeLessThan(5e-6)
    // The copy is where it was, and goes on from there wherever it is restored.
    const saved = await copy.save()
    for (const on of webgpu ? [wasm, webgpu] : [wasm]) {
      const restored = await on.restore(structuredClone(saved))
      const next = await on.step(restored, part(split, split + 1))
      expect(relativeError(next, wanted(split, split + 1))).toBeLessThan(5e-6)
      restored.destroy()
    }
  }
  if (webgpu === undefined) return
  const { state } = await prefix(webgpu, 64)
  const taken = await wasm.restore(await state.save())
  expect(relativeError(await wasm.step(taken, part(64, 65)), wanted(64, 65))).toBeLessThan(5e-6)
})

it('a row and projections that fill no vectors', async () => {
  const text = sized('performer')
    .replace('mask: none', 'mask: causal')
    .replace(/^ +dim: .*$/m, '  dim: 7')
    .replace(/^ +projections: \d+/m, '  projections: 10')
  const built = compileFor('wasm', text)
  const { dim, valueDim } = built.model
  expect([dim, built.program.features]).toEqual([7, 10])
  using wasm = await onWasm(built, 1)
  const inputs = tensors(built, sizes, 1, 0.7)
  const whole = expected(built, sizes, inputs, wasm.projection)
  const part = partsOf(built, sizes, inputs)
  const { state } = await wasm.prefill({ ...part(0, 68), batch, heads, kvHeads, length: 68 })
  for (let token = 68; token < 71; token++)
    expect(
      relativeError(
        await wasm.step(state, part(token, token + 1)),
        rows(whole, sizes.length, valueDim, token, token + 1),
      ),
    ).toBeLessThan(5e-6)
})
