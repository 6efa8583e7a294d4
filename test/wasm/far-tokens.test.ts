// What tokens let pass is held however far a row is from the first: the logarithms of all before it sum up to thousands.
import { expect, it } from 'vitest'
import { compileFor, expected, full, relativeError, tensors } from '../numeric/harness.ts'
import { partsOf, rows } from '../numeric/parts.ts'
import { onWasm } from './harness.ts'

const spec =
  'attention a { dim: 4 value_dim: 3 inputs: f scalar kernel: exp(dot(q, k)) mask: causal decay: sigmoid(f) }'
const sizes = { length: 1500 }

it.each([
  ['much is forgotten at every token', (f: number) => f - 4],
  ['little is, by the same at every token', () => 6.5],
])('%s', async (_, gate) => {
  const built = compileFor('wasm', spec)
  using attention = await onWasm(built, 1)
  const { inputs: { f = new Float32Array() } = {}, ...given } = tensors(built, sizes, 1, 0.5)
  const inputs = { ...given, inputs: { f: Float32Array.from(f, gate) } }
  const wanted = rows(expected(built, sizes, inputs), sizes.length, 3, 1300, sizes.length)
  const part = partsOf(built, sizes, inputs)
  const of = { ...full(sizes), length: 1300, keyLength: 1300 }
  const whole = await attention.forward({ ...inputs, ...full(sizes) })
  expect(relativeError(rows(whole, sizes.length, 3, 1300, sizes.length), wanted)).toBeLessThan(1e-6)

  const { state } = await attention.prefill({ ...part(0, 1300), ...of })
  const tokens: number[] = []
  for (let token = 1300; token < sizes.length; token++)
    tokens.push(...(await attention.step(state, part(token, token + 1))))
  expect(relativeError(tokens, wanted)).toBeLessThan(2e-6)
})
