// Every setting, and every kind of expression, in the gradients: against differences of the reference.
import { expect, test } from 'vitest'
import { referenceGradients } from '../../../compiler/reference/gradient/gradients.ts'
import { modelOf } from '../spec.ts'
import { gradientCall, wrongGradients, lossOf, slopeError, tolerance } from './directional.ts'
import type { Call } from './directional.ts'

const exponential = 'kernel: exp(dot(q, k))'
const marks = `${exponential} landmarks: 4 segment_means`
const learned = `${exponential} landmarks: 4 learned`
const favor = 'feature: favor projections: 6'

const plain: Call = { length: 11, heads: 2 }
const settings: readonly (readonly [title: string, settings: string, call?: Call])[] = [
  ['exact', exponential],
  ['scale', `${exponential} scale: 0.3`],
  ['epsilon', `${exponential} epsilon: 0.5`],
  ['normalize', `${exponential} normalize: none`],
  ['features with epsilon', 'feature: elu1 epsilon: 0.5'],
  ['features without division', 'feature: elu1 normalize: none'],
  ['causal features', `${favor} mask: causal`],
  ['a window', `${exponential} mask: i >= j && i - j < 3`],
  ['rows that see nothing', `${exponential} mask: j > i`],
  ['a decay', 'feature: elu1 mask: causal decay: 1 - 2^(-1 - head)'],
  ['a width of values', `${exponential} value_dim: 2`],
  ['the largest exponent taken off', `${favor} stabilize: max 0`],
  ['segments of rows', marks],
  ['no more rows than segments', marks, { length: 4 }],
  ['no more rows that count than segments', marks, { length: 9, lengths: [4] }],
  ['fewer query rows that count', marks, { length: 9, keyLength: 8, queryLengths: [7] }],
  ['one step of the inverse', `${marks} pinv: 1`],
  ['steps of the inverse', `${marks} pinv: 3`],
  // Sums of absolute values in a row, which the inverse starts from, are all 1 where no score is negative.
  ['scores of both signs', 'kernel: sin(3 * dot(q, k)) + 0.7 landmarks: 4 segment_means pinv: 3'],
  ['a convolution', `${marks} conv: 5`],
  ['a convolution beside few rows', `${marks} conv: 5`, { length: 3 }],
  ['a convolution across', `${marks} conv: 5`, { length: 9, keyLength: 6 }],
  ['learned landmarks', learned],
  ['the landmarks of both sides in one', learned, { ...plain, without: ['queryLandmarks'] }],
  ['pooling', `${exponential} compress: 3 learned`, { length: 9, batch: 2, heads: 2, lengths: [9, 6] }],
  ['one pooling for both', `${exponential} compress: 3 learned`, { ...plain, without: ['compressValues'] }],
  ['buckets', `${exponential} buckets: 4 rounds 2 chunk 3`, { length: 13, heads: 2 }],
  ['causal buckets', `${exponential} mask: causal buckets: 4 chunk 3`, { length: 13, lengths: [11] }],
  ['no key at all', exponential, { length: 5, batch: 2, lengths: [5, 0] }],
]

const cases = settings.map(([title, text, call = plain]) => ({ title, text, call }))

test.each(cases)('$title', ({ text, call }) => {
  expect(wrongGradients(modelOf(`attention a { dim: 4 ${text} }`), call)).toEqual([])
})

const kernels = [
  '1 + dot(q, k)^2',
  'exp(-norm(q - k))',
  '1 / (1 + sum((q - k)^2))',
  'sigmoid(dot(q, k)) + softplus(norm(q)) * mean(abs(k))',
  'exp(tanh(dot(q, k))) + maximum(softmax(q)) * cosh(sum(k))',
]

test.each(kernels)('the kernel %s', (kernel) => {
  expect(
    wrongGradients(modelOf(`attention a { dim: 4 kernel: ${kernel} mask: causal }`), { length: 9, heads: 2 }),
  ).toEqual([])
})

const features = [
  'f(x) = relu(x) + 0.1',
  'f(x) = softmax(x)',
  'f(x) = x^2 / (norm(x) + 0.3)',
  'f(x) = outer(softmax(x), sigmoid(x))',
  'f(x) = exp(x - maximum(x))',
  'f(x) = [1, softplus(mean(x)) * x + 2, gelu(x) + 1]',
  'f(x) = [elu(x) + 1, silu(x) + 1, exp(sin(x) * cos(position / length))]',
  'f(x) = sqrt(1 + max(x, 0.1)) + min(abs(x), 0.3)',
  'f(x, w) = relu(dot(w, x)) + 1e-3',
  'f(x, w) = [cosh(dot(w, x)) * exp(-norm(x)), exp(mean(w * x))]',
  'f(x, w) = 1 / (1 + exp(-sum(abs(w) * x) - norm(w)))',
]

test.each(features)('the feature %s', (feature) => {
  const projections = feature.includes('w)') ? 'projections: 5 iid' : ''
  const model = modelOf(`feature ${feature}\nattention a { dim: 4 feature: f ${projections} }`)
  expect(wrongGradients(model, { length: 9, heads: 2, kvHeads: 1 })).toEqual([])
})

test('rows far out of the range of doubles', () => {
  const model = modelOf(`attention a { dim: 4 ${favor} mask: causal }`)
  const { dq, dk, dv } = referenceGradients(model, gradientCall(model, { length: 9, size: 1e3 }))
  for (const gradient of [dq, dk, dv]) expect(gradient.every(Number.isFinite)).toBe(true)
  expect(dv.some((entry) => entry !== 0)).toBe(true)
})

test('maxima are constants, as in the published code', () => {
  // One query row, and a feature in which what is subtracted stands as a number.
  const exponent = 'exp(dot(w, x) - dot(x, x) / 2'
  const model = modelOf(
    `feature f(x, w) = ${exponent})\nattention a { dim: 4 feature: f projections: 6 stabilize: max 0.25 }`,
  )
  const inputs = gradientCall(model, { length: 1, keyLength: 7 })
  const largest = (rows: Float64Array): number => {
    let top = -Infinity
    for (let row = 0; row < rows.length; row += 4)
      for (let m = 0; m < 24; m += 4)
        top = Math.max(
          top,
          [0, 1, 2, 3].reduce((sum, t) => sum + rows[row + t]! * inputs.projection![m + t]!, 0),
        )
    return top
  }
  const side = (rows: ArrayLike<number>): string =>
    `${exponent} - ${largest(Float64Array.from(rows))}) + 0.25`
  const constant = modelOf(
    `feature f(x, w) = query ${side(inputs.q)} key ${side(inputs.k)}\nattention a { dim: 4 feature: f projections: 6 }`,
  )
  const { dq, dk, dv, dprojection } = referenceGradients(model, inputs)
  const errors = Object.entries({ q: dq, k: dk, v: dv, projection: dprojection! }).map(([name, gradient]) =>
    slopeError(lossOf(constant), inputs, name, gradient),
  )
  expect(Math.max(...errors)).toBeLessThan(tolerance)
  // The derivative of what is computed is another, through the maxima.
  expect(slopeError(lossOf(model), inputs, 'k', dk)).toBeGreaterThan(1e-3)
})
