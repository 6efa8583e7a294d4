// Rows that are no numbers reach the rows that see them and no others, whatever leaves the others out.
import { expect, test, vi } from 'vitest'
import { reference } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import { compileFor, tensors } from '../numeric/harness.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const packages = await original<{ importPackage(name: string): Promise<unknown> }>()
  return {
    ...packages,
    importPackage: (name: string) =>
      name === 'attnc' ? Promise.resolve({ reference }) : packages.importPackage(name),
  }
})

const kernel = 'kernel: exp(dot(q, k))'
/** Whether row i sees key j. */
const specs: readonly [string, (i: number, j: number) => boolean][] = [
  [`${kernel} mask: causal`, (i, j) => i >= j],
  [`${kernel} mask: i >= j`, (i, j) => i >= j],
  [`${kernel} normalize: none mask: i >= j && i - j < 7`, (i, j) => i >= j && i - j < 7],
  [`${kernel} stabilize: none mask: (i + j) % 3 < 1`, (i, j) => (i + j) % 3 < 1],
  ['kernel: 1 + dot(q, k)^2 mask: i != j', (i, j) => i !== j],
  ['feature: elu1 mask: causal', (i, j) => i >= j],
  ['feature: favor projections: 5 mask: causal', (i, j) => i >= j],
]
const [length, visible] = [70, 60]
const spoilt = [0, 13, 40, 59, 61, 69]

test.each(
  specs.flatMap((spec) => (['gpujs', 'reference'] as const).map((backend) => [...spec, backend] as const)),
)('%s, %o on %s', async (settings, sees, backend) => {
  const built = compileFor('gpujs', `attention a { dim: 3 ${settings} }`)
  using attention = await createAttention(built.program, { backend })
  const { q, k, v } = tensors(built, { length }, 5)
  const call = { q, k, v, length, lengths: [visible] }
  const whole = await attention.forward(call)
  const spoil = (rows: Float32Array, key: number, value: number): Float32Array =>
    rows.slice().fill(value, key * 3, key * 3 + 3)
  for (const key of spoilt) {
    const rows = Array.from({ length }, (_, i) => i)
    const hidden = rows.filter((i) => key >= visible || !sees(i, key))
    const row = (out: Float32Array, i: number) => [...out.subarray(i * 3, i * 3 + 3)]
    const wanted = hidden.map((i) => row(whole, i))
    const ofKey = await attention.forward({ ...call, k: spoil(k, key, Number.NaN) })
    expect(hidden.map((i) => row(ofKey, i))).toEqual(wanted)
    for (const value of [Number.NaN, Infinity]) {
      const out = await attention.forward({ ...call, v: spoil(v, key, value) })
      expect(hidden.map((i) => row(out, i))).toEqual(wanted)
      const reached = rows.filter((i) => !hidden.includes(i))
      expect(reached.flatMap((i) => row(out, i)).filter(Number.isFinite)).toEqual([])
    }
  }
})
