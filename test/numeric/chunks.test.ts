// Factorised attention over several chunks, on the interpreter of kernels, which finds races: what comes before a chunk,
// and the pairs inside of it, at odd widths and lengths. Chunks are the longer, the larger a state is.
import { expect, it } from 'vitest'
import { bitsOf } from './compare.ts'
import { compileOne, expected, relativeError, tensors } from './harness.ts'
import type { Sizes } from './harness.ts'
import { interpreted } from './interpreted.ts'

interface Subject {
  readonly spec: string
  readonly chunk: number
  readonly shapes: readonly Sizes[]
  /** Of the entries of q and k. */
  readonly deviations?: readonly number[]
}

const feature = (declaration: string, settings: string): string =>
  `feature f${declaration} attention a { feature: f ${settings} }`

const exponentials = '(x, w) = exp(dot(w, x) - dot(x, x) / 2)'
const waves = 'exp(dot(x, x) / 2) * cos(dot(w, x)), exp(dot(x, x) / 2) * sin(dot(w, x))'

const subjects: Readonly<Record<string, Subject>> = {
  'exponentials of projections, small': {
    spec: feature(exponentials, 'dim: 5 value_dim: 7 scale: 1 / sqrt(dim) projections: 9 mask: causal'),
    chunk: 32,
    shapes: [
      { length: 67, heads: 2, kvHeads: 1 },
      { length: 40, keyLength: 70, batch: 2, lengths: [33, 0] },
    ],
  },
  'exponentials of projections': {
    spec: feature(exponentials, 'dim: 8 value_dim: 64 scale: 1 / sqrt(dim) projections: 72 mask: causal'),
    chunk: 128,
    shapes: [{ length: 131 }, { length: 137, keyLength: 261, batch: 2, lengths: [129, 100] }],
  },
  'exponentials of projections, all keys': {
    spec: feature(exponentials, 'dim: 17 value_dim: 70 projections: 9'),
    chunk: 256,
    shapes: [{ length: 50, keyLength: 300 }],
  },
  'waves with exponentials': {
    spec: feature(
      `(x, w) = [${waves}]`,
      'dim: 8 value_dim: 32 scale: 1 / sqrt(dim) projections: 24 mask: causal normalize: none',
    ),
    chunk: 64,
    shapes: [{ length: 70 }],
    // What wider rows give is more than f32 holds.
    deviations: [1],
  },
  'what is positive of projections': {
    spec: feature('(x, w) = relu(dot(w, x)) + 0.01', 'dim: 20 value_dim: 65 projections: 130 mask: causal'),
    chunk: 128,
    shapes: [{ length: 140 }],
  },
  'elu + 1': {
    spec: feature('(x) = elu(x) + 1', 'dim: 66 value_dim: 40 mask: causal'),
    chunk: 64,
    shapes: [{ length: 140, keyLength: 150, heads: 2, kvHeads: 1 }],
  },
  'exponentials of entries': {
    spec: feature('(x) = exp(x)', 'dim: 60 mask: causal'),
    chunk: 128,
    shapes: [{ length: 140 }],
  },
  'exponentials with factors': {
    spec: feature('(x) = [(1 + x^2) * exp(x), 0.5]', 'dim: 5 value_dim: 129 mask: causal'),
    chunk: 32,
    shapes: [{ length: 70 }],
  },
  'a decay': {
    spec: feature('(x) = x', 'dim: 9 value_dim: 5 mask: causal normalize: none decay: 1 - 2^(-5 - head)'),
    chunk: 32,
    shapes: [{ length: 70, keyLength: 60, lengths: [40] }],
  },
  'a decay of exponentials': {
    spec: feature('(x) = exp(x)', 'dim: 6 mask: causal decay: 1 - 2^(-2 - head)'),
    chunk: 32,
    shapes: [{ length: 70 }],
  },
}

it.each(Object.entries(subjects))('%s', (_, { spec, chunk, shapes, deviations = [1, 4] }) => {
  const built = compileOne(spec)
  expect(built.schedule.chunk).toBe(chunk)
  for (const sizes of shapes)
    for (const deviation of deviations) {
      const inputs = tensors(built, sizes, 11, deviation)
      const wanted = expected(built, sizes, inputs)
      expect(relativeError(interpreted(built, sizes, inputs).out, wanted)).toBeLessThan(deviation * 2e-6)
    }
})

// Exponents of later keys surpass all before by far, in the row group of rows that do not see them, and behind it.
it.each(['exponentials of projections, small', 'exponentials of projections', 'exponentials of entries'])(
  'later keys change no bit of earlier rows: %s',
  (name) => {
    const built = compileOne(subjects[name]?.spec ?? '')
    const { dim, valueDim } = built.model
    const length = built.schedule.chunk + 9
    const first = tensors(built, { length }, 5)
    const whole = interpreted(built, { length }, first).out
    for (const from of [3, 12, length - 4]) {
      const k = first.k.map((entry, index) => (index < from * dim ? entry : 40 * entry))
      const { out } = interpreted(built, { length }, { ...first, k })
      expect(bitsOf(out.slice(0, from * valueDim))).toEqual(bitsOf(whole.slice(0, from * valueDim)))
    }
  },
)
