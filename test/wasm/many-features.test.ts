// So many features that a thread's state fills no cache, up to those for which there is no memory.
import { expect, test } from 'vitest'
import { compile } from '../../compiler/index.ts'
import { compileFor, expected, full, relativeError, tensors } from '../numeric/harness.ts'
import { onWasm } from './harness.ts'

const text = (projections: number, dim: number): string =>
  `attention many {
    feature: favor
    dim: ${dim}
    scale: 1 / sqrt(dim)
    projections: ${projections}
    mask: causal
  }`

test.each([4096, 16384])('%i features', async (projections) => {
  const built = compileFor('wasm', text(projections, 8))
  using wasm = await onWasm(built, 2)
  const sizes = { length: 35 }
  const inputs = tensors(built, sizes, 1, 0.7)
  const wanted = expected(built, sizes, inputs, wasm.projection)
  expect(relativeError(await wasm.forward({ ...inputs, ...full(sizes) }), wanted)).toBeLessThan(1e-5)
})

test('a state for which there is no memory is a message, and none for other targets', () => {
  const [wasm, webgpu] = (['wasm', 'webgpu'] as const).map((target) =>
    compile(text(65_536, 4096), { target }),
  )
  expect(wasm?.diagnostics.map(({ message }) => message)).toEqual([
    '`many` is right, but attention with sums of more than 1 GiB for each thread is checked and not yet compiled',
  ])
  expect(webgpu?.diagnostics).toEqual([])
  expect(webgpu?.modules[0]?.files.map(({ path }) => path)).toContain('many.js')
})
