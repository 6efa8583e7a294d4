// Attentions whose rows are projected by fast transforms, and by a matrix of the caller's in their place.
import { describe, expect, it, test } from 'vitest'
import { checkPasses } from '../../compiler/verification/passes/check-passes.ts'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'
import { compileOne, expected, forward, full, normals, onDevice, relativeError, tensors } from './harness.ts'
import type { Sizes } from './harness.ts'
import { holdOnDevice } from './wide.ts'
import type { Subject } from './wide.ts'

const attention = (settings: string, more = ''): string =>
  `${more} attention a { dim: 64 value_dim: 5 scale: 1 / sqrt(dim) ${settings} }`

const shapes: readonly Sizes[] = [
  { length: 35, heads: 4, kvHeads: 2 },
  { length: 33, keyLength: 40, batch: 2, lengths: [37, 0] },
]
const subject = (settings: string, more: Partial<Subject> = {}): Subject => ({
  spec: attention(settings),
  shapes,
  deviation: 0.5,
  ...more,
})
const favor = 'feature: favor projections: 70 hadamard seed 9'

holdOnDevice({
  causal: subject(`${favor} mask: causal`),
  'a block to the last row, no mask': subject('feature: favor_hyperbolic projections: 64 hadamard seed 3'),
  'a state for each query head': subject(
    'feature: favor projections: 70 hadamard fixed_norm mask: causal decay: 1 - 2^(-3 - head)',
  ),
  'the papers’ maxima': subject('feature: favor projections: 64 hadamard stabilize: max 1e-3'),
  'a matrix of the caller’s': subject(`${favor} mask: causal`, { projection: normals(70 * 64, 5) }),
})

const kindsOf = (spec: string): string[] => compileOne(spec).schedule.passes.map(({ kind }) => kind)

test('rows are projected beforehand where features see nothing else of the projections', () => {
  const ofNorms = 'feature f(x, w) = exp(dot(w, x) - dot(w, w) / 100)'
  const ofRows = 'feature f(x, w) = exp(dot(w, softmax(x)))'
  const ofUnits = 'feature f(x, w) = sigmoid(dot(w, x / (1 + norm(x)) + x))'
  const projected = 'projections: 64 hadamard mask: causal'
  expect(kindsOf(attention(`feature: f ${projected}`, ofUnits))).toContain('transform')
  expect(kindsOf(attention(`feature: f ${projected}`, ofNorms))).not.toContain('transform')
  expect(kindsOf(attention(`feature: f ${projected}`, ofRows))).not.toContain('transform')
  expect(kindsOf(attention('feature: favor projections: 64 orthogonal mask: causal'))).not.toContain(
    'transform',
  )
})

test('every stage says the same', () => {
  const { model, algebra, schedule, kernels } = compileOne(attention(`${favor} mask: causal`))
  const results = checkPasses({ model, algebra, schedule, kernels }, { seed: 2, calls: 2 })
  expect(results.map(({ stage, calls, wrong }) => ({ stage, calls, wrong }))).toEqual(
    ['algebra', 'equations', 'kernels'].map((stage) => ({ stage, calls: 2, wrong: undefined })),
  )
})

describe.each(enoughDevices)('on %s', (name) => {
  it('draws anew, and decodes with what is drawn', async () => {
    const built = compileOne(attention(`${favor} mask: causal decay: 0.9`))
    const sizes = { length: 34, heads: 2, kvHeads: 1, batch: 2 }
    const inputs = tensors(built, sizes, 1, 0.5)
    const attention_ = await onDevice(built, await testDevice(name))
    const { projection: first } = attention_
    attention_.redraw(123)
    const { projection } = attention_
    expect(projection).toHaveLength(70 * 64)
    expect(projection).not.toEqual(first)
    const whole = expected(built, sizes, inputs, projection)
    expect(relativeError(await forward(attention_, sizes, inputs), whole)).toBeLessThan(1e-5)

    const rows = (tensor: ArrayLike<number>, from: number, to: number): Float32Array<ArrayBuffer> => {
      const { batch, heads, kvHeads, length } = { ...full(sizes) }
      const matrices = tensor === inputs.q || tensor === whole ? batch * heads : batch * kvHeads
      const width = tensor.length / (matrices * length)
      return Float32Array.from({ length: matrices * (to - from) * width }, (_, n) => {
        const [matrix, rest] = [Math.floor(n / ((to - from) * width)), n % ((to - from) * width)]
        return tensor[(matrix * length + from) * width + rest] ?? Number.NaN
      })
    }
    const part = (from: number, to: number) => ({
      q: rows(inputs.q, from, to),
      k: rows(inputs.k, from, to),
      v: rows(inputs.v, from, to),
    })
    const { batch, heads, kvHeads } = full(sizes)
    const { out, state } = await attention_.prefill({ ...part(0, 32), batch, heads, kvHeads, length: 32 })
    expect(relativeError(out, rows(whole, 0, 32))).toBeLessThan(1e-5)
    for (let token = 32; token < sizes.length; token++) {
      const one = await attention_.step(state, part(token, token + 1))
      expect(relativeError(one, rows(whole, token, token + 1))).toBeLessThan(1e-5)
    }
    state.destroy()
    attention_.destroy()
  })
})
