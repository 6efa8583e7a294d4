// What holds of gradients whatever the numbers are, and that the comparisons of these tests can fail.
import { describe, expect, test } from 'vitest'
import { referenceGradients } from '../../../compiler/reference/gradient/gradients.ts'
import type { GradientInputs } from '../../../compiler/reference/gradient/gradients.ts'
import { scores } from '../../../compiler/reference/reference.ts'
import { modelOf } from '../spec.ts'
import { numbers, rowAt } from '../tensors.ts'
import { gradientCall, lossOf, slopeError, tolerance } from './directional.ts'

const exact = 'kernel: exp(dot(q, k))'
const causal = [
  `${exact} mask: causal`,
  'feature: elu1 mask: causal epsilon: 0.1',
  'feature: favor projections: 5 mask: causal',
  'feature: identity mask: causal normalize: none decay: 0.5',
]
const length = 9
const [dim, split] = [4, 5]

/** The call with other numbers in the rows from or before the split. */
function changed(
  inputs: GradientInputs,
  name: 'q' | 'k' | 'v' | 'dout',
  rows: 'before' | 'from',
): GradientInputs {
  const tensor = Float64Array.from(inputs[name])
  const others = numbers(tensor.length, 8, 100)
  for (const place of tensor.keys())
    if (Math.floor(place / dim) % length < split === (rows === 'before')) tensor[place] = others[place]!
  return { ...inputs, [name]: tensor }
}

const half = (gradient: Float64Array, rows: 'before' | 'from'): number[] =>
  [...gradient].filter((_, place) => Math.floor(place / dim) % length < split === (rows === 'before'))

describe.each(causal)('nothing leaks in %s', (text) => {
  const model = modelOf(`attention a { dim: ${dim} ${text} }`)
  const inputs = gradientCall(model, { length, heads: 2 })
  const gradients = referenceGradients(model, inputs)

  test.each(['q', 'dout'] as const)('rows of %s before a key do not reach its gradients', (name) => {
    const others = referenceGradients(model, changed(inputs, name, 'before'))
    expect(half(others.dk, 'from')).toEqual(half(gradients.dk, 'from'))
    expect(half(others.dv, 'from')).toEqual(half(gradients.dv, 'from'))
    expect(half(others.dk, 'before')).not.toEqual(half(gradients.dk, 'before'))
  })

  test.each(['k', 'v'] as const)('rows of %s after a query do not reach its gradient', (name) => {
    const others = referenceGradients(model, changed(inputs, name, 'from'))
    expect(half(others.dq, 'before')).toEqual(half(gradients.dq, 'before'))
    expect(half(others.dq, 'from')).not.toEqual(half(gradients.dq, 'from'))
  })
})

describe('the comparison with differences', () => {
  const model = modelOf(`attention a { dim: ${dim} feature: elu1 }`)
  const inputs = gradientCall(model, { length })
  const { dq } = referenceGradients(model, inputs)

  test('refutes a factor of a half', () => {
    expect(slopeError(lossOf(model), inputs, 'q', dq)).toBeLessThan(tolerance)
    expect(
      slopeError(
        lossOf(model),
        inputs,
        'q',
        dq.map((entry) => entry / 2),
      ),
    ).toBeGreaterThan(0.1)
  })

  test('refutes gradients that take the denominators for constants', () => {
    const { values, logs, columns } = scores(model, inputs)
    const dout = Float64Array.from(inputs.dout, (entry, place) => {
      const row = Math.floor(place / dim)
      const sum = rowAt(values, row, columns).reduce((all, score) => all + score, 0)
      return entry / (sum * Math.exp(logs[row]!))
    })
    const numerators = referenceGradients(
      modelOf(`attention a { dim: ${dim} feature: elu1 normalize: none }`),
      {
        ...inputs,
        dout,
      },
    )
    expect(slopeError(lossOf(model), inputs, 'q', numerators.dq)).toBeGreaterThan(0.01)
  })
})

describe('rows that do not count', () => {
  test('key rows past the lengths get zeros, and enter nothing', () => {
    const model = modelOf(`attention a { dim: ${dim} ${exact} }`)
    const inputs = gradientCall(model, { length, lengths: [split] })
    const poisoned = changed(changed(inputs, 'k', 'from'), 'v', 'from')
    const { dq, dk, dv } = referenceGradients(model, inputs)
    expect(referenceGradients(model, poisoned)).toEqual({ dq, dk, dv, dweights: {} })
    for (const gradient of [dk, dv]) expect(half(gradient, 'from').every((entry) => entry === 0)).toBe(true)
  })

  test('query rows past theirs have an output, whose cotangents reach the keys', () => {
    const model = modelOf(`attention a { dim: ${dim} ${exact} }`)
    const inputs = gradientCall(model, { length, queryLengths: [split] })
    const { dk } = referenceGradients(model, inputs)
    expect(referenceGradients(model, changed(inputs, 'dout', 'from')).dk).not.toEqual(dk)
  })
})

test('rows of zeros get finite gradients where a norm has none', () => {
  for (const text of ['kernel: exp(norm(q - k))', `${exact} buckets: 4 chunk 2`]) {
    const model = modelOf(`attention a { dim: ${dim} ${text} }`)
    const inputs = gradientCall(model, { length })
    const zeros = new Float64Array(inputs.q.length)
    const { dq, dk, dv } = referenceGradients(model, { ...inputs, q: zeros, k: zeros })
    for (const gradient of [dq, dk, dv]) expect(gradient.every(Number.isFinite)).toBe(true)
  }
})

describe('what has no gradient is refused', () => {
  test('a projection, where there is none', () => {
    const model = modelOf(`attention a { dim: ${dim} ${exact} }`)
    const inputs = { ...gradientCall(model, { length }), wrt: ['projection'] as const }
    expect(() => referenceGradients(model, inputs)).toThrow('a has none')
  })

  test('a projection that is drawn as signs', () => {
    const model = modelOf('attention a { dim: 16 feature: favor projections: 20 hadamard }')
    const { projection, ...inputs } = gradientCall(model, { length })
    expect(() => referenceGradients(model, inputs)).toThrow('no gradient')
    expect(referenceGradients(model, { ...inputs, projection: projection! }).dprojection).toHaveLength(320)
  })

  test('states and inputs, so far', () => {
    const model = modelOf(`attention a { dim: ${dim} ${exact} }`)
    const inputs = {
      ...gradientCall(model, { length }),
      wrt: ['state'] as readonly string[] as readonly ['weights'],
    }
    expect(() => referenceGradients(model, inputs)).toThrow(
      "expected 'weights' or 'projection', found 'state'",
    )
  })

  test('cotangents of another shape', () => {
    const model = modelOf(`attention a { dim: ${dim} ${exact} }`)
    const inputs = { ...gradientCall(model, { length }), dout: new Float64Array(3) }
    expect(() => referenceGradients(model, inputs)).toThrow(
      'dout: expected 1 × 1 × 9 × 4 = 36 numbers, found 3',
    )
  })
})
