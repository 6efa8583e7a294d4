// Exact attention by kernels of one thread, on the interpreter, beside the float64 reference: around tiles, with masks.
import { describe, expect, test } from 'vitest'
import { lower } from '../../compiler/kernel/lower/lower.ts'
import { range } from '../../compiler/kernel/lower/tile.ts'
import { lowerSequential } from '../../compiler/kernel/sequential/lower.ts'
import { schedule } from '../../compiler/schedule/build.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { sequentialPlanner } from '../../compiler/schedule/sequential/planner.ts'
import { verify as verifySchedule } from '../../compiler/schedule/verify.ts'
import { bufferOf, runPasses, shapeOf } from '../../compiler/verification/execution/run-passes.ts'
import { evaluateSize } from '../../runtime/contract/size.ts'
import { runWat } from '../codegen/run-wat.ts'
import { bitsOf } from '../numeric/compare.ts'
import { poisonPastLengths } from '../numeric/guarded.ts'
import { compileOne, expected, full, relativeError, tensors } from '../numeric/harness.ts'
import type { Sizes } from '../numeric/harness.ts'
import type { Built } from '../../compiler/pipeline.ts'

/** Tiles of so many rows instead of those for caches, so that small calls have several. */
function scheduled({ algebra }: Built, rows: number): Schedule {
  const plan = schedule(algebra, sequentialPlanner)
  if ('unsupported' in plan) throw new Error(plan.unsupported)
  return verifySchedule({
    ...plan,
    passes: plan.passes.map((pass) =>
      pass.kind === 'online'
        ? {
            ...pass,
            tile: { ...pass.tile, rows, steps: rows },
            workgroups: [
              '*',
              'sliceCount',
              ['*', ['ceildiv', 'heads', 'kvHeads'], ['ceildiv', 'length', rows]],
            ],
          }
        : pass,
    ),
  })
}

function outOf(built: Built, sizes: Sizes, rows = 16): Float32Array {
  const plan = scheduled(built, rows)
  const { q, k, v } = poisonPastLengths(sizes, tensors(built, sizes, 3))
  const kernels = lowerSequential(plan)
  const { lengths } = sizes
  const call = { ...full(sizes), q, k, v, ...(lengths && { lengths }) }
  return runPasses({ schedule: plan, kernels }, { call, kept: {} })
}

const shapes: readonly Sizes[] = [
  { length: 1 },
  { length: 3, keyLength: 1 },
  { length: 31, heads: 2, kvHeads: 1 },
  { length: 33, keyLength: 41, batch: 2, lengths: [37, 1] },
  { length: 17, keyLength: 65, batch: 2, lengths: [0, 64] },
  { length: 35, keyLength: 16 },
]

const subjects: Readonly<Record<string, string>> = {
  causal: 'kernel: exp(dot(q, k)) dim: 8 mask: causal scale: 1 / sqrt(dim)',
  'every pair': 'kernel: exp(dot(q, k)) dim: 5 value_dim: 13 scale: 1 / sqrt(dim)',
  'no normalization': 'kernel: exp(dot(q, k)) dim: 4 value_dim: 1 normalize: none scale: 0.1',
  'with an epsilon': 'kernel: exp(dot(q, k)) dim: 6 mask: causal epsilon: 0.01 scale: 0.2',
  'a polynomial, in a window':
    'kernel: (1 + dot(q, k))^2 + 0.1 dim: 8 scale: 1 / sqrt(dim) mask: i >= j && i - j < 5',
  'a Gaussian, in blocks and columns':
    'kernel: exp(-dot(q - k, q - k) / 2) dim: 8 mask: floor(i / 7) == floor(j / 7) || j % 11 == 3',
  'relu, near and at random':
    'kernel: relu(dot(q, k)) + 0.01 dim: 7 value_dim: 40 mask: abs(i - j) <= 3 || random(i, j, 17) < 0.2 || j < 2',
  'the cosine, every third':
    'kernel: exp(4 * dot(q, k) / (norm(q) * norm(k))) dim: 5 value_dim: 3 mask: !(i < j) && (i - j) % 3 != 1',
  'Laplace, with the length': 'kernel: exp(-norm(q - k)) dim: 6 mask: max(i, j) - min(i, j) < length / 3',
  'two exponentials': 'kernel: exp(dot(q, k)) + exp(-dot(q, k) / 2) dim: 6 scale: 1 / sqrt(dim)',
  'an exponential with a factor':
    'kernel: sigmoid(dot(q, k)) * exp(dot(softmax(q), k)) dim: 6 value_dim: 9 mask: causal',
  'a factor that may be zero': 'kernel: relu(dot(q, k)) * exp(dot(q, k)) dim: 6 mask: causal',
  'a factor that may be zero, in a window':
    'kernel: relu(dot(q, k)) * exp(dot(q, k)) dim: 6 mask: i >= j && i - j < 5',
  'a factor of either sign, in blocks':
    'kernel: (1 + dot(q, k)) * exp(dot(q, k)) dim: 5 normalize: none mask: floor(i / 7) == floor(j / 7)',
  'many remainders, some by 0': `kernel: exp(dot(q, k)) dim: 6 mask: ${range(14)
    .map((n) => `i % (j - 2) == ${n}`)
    .join(' || ')}`,
  'the largest product': 'kernel: exp(maximum(q * k)) dim: 5 mask: j <= i + 2',
}

describe.each(Object.entries(subjects))('%s', (_, settings) => {
  const built = compileOne(`attention a { ${settings} }`)
  test.each(shapes)('%o', (sizes) => {
    const wanted = expected(built, sizes, tensors(built, sizes, 3))
    expect(relativeError(outOf(built, sizes), wanted)).toBeLessThan(1e-5)
  })
})

/** Around the tiles for caches, which have 64 rows here. */
const larger: readonly Sizes[] = [
  { length: 1, keyLength: 130 },
  { length: 65, heads: 3, kvHeads: 1 },
  { length: 64, keyLength: 129, batch: 2, lengths: [128, 0] },
  { length: 131, batch: 2, lengths: [131, 70] },
]

describe.each(['plain', 'relaxed'] as const)('as WebAssembly, %s', (variant) => {
  test.each(Object.entries(subjects))('%s', (_, settings) => {
    const built = compileOne(`attention a { ${settings} }`)
    const plan = schedule(built.algebra, sequentialPlanner)
    if ('unsupported' in plan) throw new Error(plan.unsupported)
    const [kernel] = lowerSequential(plan)
    const [pass] = plan.passes
    if (kernel === undefined || pass?.kind !== 'online') throw new Error('exact attention is one pass')
    const errors = larger.map((sizes) => {
      const { q, k, v } = poisonPastLengths(sizes, tensors(built, sizes, 5))
      const { lengths } = sizes
      const call = { ...full(sizes), q, k, v, ...(lengths && { lengths }) }
      const shape = shapeOf(plan, call)
      const buffers = Object.fromEntries(
        plan.buffers.map((buffer) => [buffer.name, bufferOf(buffer, call, {}, shape)]),
      )
      const count = evaluateSize(pass.workgroups, shape)
      const { out } = runWat(kernel, buffers as Parameters<typeof runWat>[1], shape, count, variant)
      const wanted = expected(built, sizes, tensors(built, sizes, 5))
      return relativeError(out as Float32Array, wanted)
    })
    expect(errors.map((error) => error < 1e-5)).toEqual(larger.map(() => true))
  })
})

// An infinite coefficient of a hidden key must not reach an earlier row, as 0 · ∞ would.
test.each([
  ['one thread', lowerSequential],
  ['a workgroup', lower],
] as const)('a pair that is not seen weighs nothing, however large it is: %s', (_, lowered) => {
  const built = compileOne('attention a { kernel: relu(dot(q, k)) * exp(dot(q, k)) dim: 8 mask: causal }')
  const { q, k, v } = tensors(built, { length: 20 }, 3)
  const huge = k.map((entry, index) => (index < 19 * 8 ? entry : 3e38))
  const out = (keys: Float32Array): Float32Array => {
    const plan = lowered === lower ? built.schedule : scheduled(built, 16)
    const call = { ...full({ length: 20 }), q: q.map(Math.abs), k: keys, v }
    return runPasses({ schedule: plan, kernels: lowered(plan) }, { call, kept: {} })
  }
  expect(bitsOf(out(huge).slice(0, 19 * 8))).toEqual(bitsOf(out(k).slice(0, 19 * 8)))
})

test('later keys change no bit of earlier rows', () => {
  const built = compileOne('attention a { kernel: exp(dot(q, k)) dim: 8 mask: causal }')
  const whole = outOf(built, { length: 50 })
  for (const length of [1, 15, 16, 33]) {
    const plan = scheduled(built, 16)
    const { q, k, v } = tensors(built, { length: 50 }, 3)
    const [cut, kept] = [length * 8, {}]
    const call = { ...full({ length }), q: q.slice(0, cut), k: k.slice(0, cut), v: v.slice(0, cut) }
    const out = runPasses({ schedule: plan, kernels: lowerSequential(plan) }, { call, kept })
    expect(bitsOf(out)).toEqual(bitsOf(whole.slice(0, cut)))
  }
})
