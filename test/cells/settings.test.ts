// Settings, masks and shapes that change what cells compute, on gpu.js in WebAssembly against float64.
import { expect, it } from 'vitest'
import { compileFor, expected, relativeError, tensors, weightsFor } from '../numeric/harness.ts'
import type { Sizes } from '../numeric/harness.ts'
import { gpujsError, interpretedCells } from './harness.ts'

interface Subject {
  readonly settings: string
  readonly before?: string
  readonly deviation?: number
  readonly shapes?: readonly Sizes[]
  readonly error?: number
}

const softmax = 'kernel: exp(dot(q, k))'
const favor = 'feature: favor projections: 20 orthogonal seed 5'
/** Every second pair of a row, and nothing for the third row. */
const stripes = 'mask: (i + j) % 2 == 0 && i != 2'

const subjects: Readonly<Record<string, Subject>> = {
  'no denominator, exact': { settings: `${softmax} normalize: none` },
  'no denominator, factorised': { settings: `${favor} normalize: none mask: causal` },
  'no denominator, negative features': { settings: 'feature: identity normalize: none mask: causal' },
  'epsilon, exact': { settings: `${softmax} epsilon: 0.5 mask: causal` },
  'epsilon, factorised': { settings: `${favor} epsilon: 0.5` },
  'epsilon, without exponents': { settings: 'feature: relu1 epsilon: 0.25 mask: causal' },
  'stabilize none': { settings: `${favor} stabilize: none mask: causal` },
  'stabilize none, exact': { settings: `${softmax} stabilize: none` },
  'stabilize max': { settings: `${favor} stabilize: max 1e-3` },
  'stabilize max, causal and large': { settings: `${favor} stabilize: max 1e-2 mask: causal`, deviation: 3 },
  'stabilize max, two blocks': {
    settings: 'feature: favor_hyperbolic projections: 9 stabilize: max 1e-4 epsilon: 1e-3',
  },
  'exponents far beyond f32': { settings: `${softmax} mask: causal`, deviation: 12 },
  'features far beyond f32': { settings: `${favor} mask: causal`, deviation: 12, error: 1e-4 },
  'a kernel with a coefficient': { settings: 'kernel: dot(q, k)^2 * exp(dot(q, k))' },
  'a kernel without exponent': { settings: 'kernel: (dot(q, k) + 1)^2 mask: causal' },
  'an output of the row and its token': {
    settings: `${softmax} mask: causal output: rms(o) + (1 + q[0] * k[1]) * v`,
  },
  'a mask of indexes': { settings: `${softmax} ${stripes}` },
  'a mask with quotients': { settings: `${softmax} mask: floor(i / 3) == floor(j / 3) || (j - i) % 5 == 1` },
  'a mask of nested remainders': {
    settings: `${softmax} mask: ((((i % 7 * i + j) % 8 * i + j) % 5 * i + j) % 9 * j + i) % 6 < 4`,
  },
  'a mask of nested distances': {
    settings: `${softmax} mask: abs(abs(abs(abs(abs(abs(i - j) - 19) - 9) - 4) - 2) - 1) <= min(i, 1)`,
  },
  'a mask of nested divisors': {
    settings: `${softmax} mask: i % (j % (floor(i / (j % 5 - 2)) % 4 - 1) - 3) < 1 || j % 3 == 0`,
  },
  'a decay, scaled': { settings: `${favor} mask: causal decay: 1 - 2^(-2 - head)` },
  'a decay, of features without exponents': { settings: 'feature: elu1 mask: causal decay: 0.8' },
  'entries of a softmax, nested reductions': {
    before: 'feature soft(x) = softmax(x)',
    settings: 'feature: soft mask: causal',
  },
  'few landmarks': {
    settings: `${softmax} landmarks: 6 segment_means pinv: 6 conv: 3`,
    error: 2e-5,
    shapes: [
      { length: 37, keyLength: 21, heads: 2, batch: 2, lengths: [4, 20] },
      { length: 5, keyLength: 30, heads: 2 },
    ],
  },
  'more than a block of chunks, causal': {
    settings: 'feature: elu1 mask: causal',
    shapes: [{ length: 1100 }],
  },
  'more than a block of chunks, no mask': { settings: favor, shapes: [{ length: 3, keyLength: 1100 }] },
  'more keys than gpu.js counts to by itself': {
    settings: softmax,
    shapes: [{ length: 2, keyLength: 2100 }],
  },
}

const shapesOf = (text: string): readonly Sizes[] => {
  const causal = text.includes('causal')
  return [
    { length: 41, keyLength: causal ? 41 : 33, heads: 4, kvHeads: 2, batch: 2, lengths: [0, 30] },
    { length: 1, keyLength: 1 },
  ]
}

it.each(Object.entries(subjects))('%s', async (_, subject) => {
  const { settings, before = '', deviation = 1, error = 1e-5, shapes = shapesOf(settings) } = subject
  const built = compileFor(
    'gpujs',
    `${before}\nattention a { dim: 6 value_dim: 5 scale: 1 / sqrt(dim) ${settings} }`,
  )
  for (const sizes of shapes) {
    const inputs = tensors(built, sizes, 7, deviation)
    expect(await gpujsError(built, sizes, inputs, weightsFor(built, sizes))).toBeLessThan(error)
  }
})

it('few landmarks on the interpreter, which checks every access', () => {
  const settings = `${softmax} landmarks: 3 segment_means pinv: 2 conv: 3`
  const built = compileFor('gpujs', `attention a { dim: 4 value_dim: 3 ${settings} }`)
  const sizes = { length: 17, keyLength: 11, heads: 2, batch: 2, lengths: [3, 10] }
  const inputs = tensors(built, sizes, 9)
  const weights = weightsFor(built, sizes)
  const wanted = expected(built, sizes, inputs, undefined, weights)
  expect(relativeError(interpretedCells(built, sizes, inputs, weights), wanted)).toBeLessThan(1e-5)
})
