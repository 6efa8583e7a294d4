// The gradients' equations in float64, against reverse mode over the form that the reference interprets, entry by entry.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { referenceGradients } from '../../compiler/reference/gradient/gradients.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { asReference } from '../../compiler/verification/cases/weights.ts'
import type { Case } from '../../compiler/verification/cases/case.ts'
import type { GradientCall } from '../../compiler/verification/execution/executor.ts'
import { evaluateEquations } from '../../compiler/verification/execution/run-equations.ts'
import { runAll } from '../../compiler/verification/execution/run-passes.ts'
import { targets } from '../../compiler/targets/index.ts'
import { callWith, disagreements, keptFor, modelOf } from './calls.ts'
import { gradientSchedule } from './schedules.ts'

const names = ['dq', 'dk', 'dv']

function truthOf(model: AttentionModel, call: GradientCall): ReadonlyMap<string, Float64Array> {
  const { dq, dk, dv } = referenceGradients(model, { ...call, ...asReference(model, keptFor(model)) })
  return new Map(Object.entries({ dq, dk, dv }))
}

/** Those of the equations and of the reference. */
function offTheTruth(model: AttentionModel, call: GradientCall): string[] {
  const kept = keptFor(model)
  const found = evaluateEquations(gradientSchedule(model), call, kept)
  const truth = truthOf(model, call)
  return disagreements(
    names,
    (name) => found?.(name),
    (name) => truth.get(name),
    1e-8,
  )
}

const small: Case = { length: 7, keyLength: 7, batch: 1, kvHeads: 1, group: 2, norm: 1, values: 3 }

const settings = (lines: string, features = ''): string =>
  `${features}\nattention subject {\n  dim: 5\n  value_dim: 3\n${lines}\n}\n`

const favor = 'feature mine(x, w) = exp(dot(w, x) - dot(x, x) / 2)'
const projected = '  feature: mine\n  projections: 4 iid seed 3'

/** Factorised attention of a feature that is called `mine`. */
const ofFeature = (feature: string, lines = ''): string =>
  settings(`${feature.includes('w)') ? projected : '  feature: mine'}\n${lines}`, `feature mine${feature}`)

const factorised: Record<string, string> = {
  'elu + 1': ofFeature('(x) = elu(x) + 1'),
  'elu + 1, causal': ofFeature('(x) = elu(x) + 1', '  mask: causal'),
  'exponentials of projections': settings(projected, favor),
  'the same, causal': settings(`${projected}\n  mask: causal`, favor),
  epsilon: settings(`${projected}\n  mask: causal\n  epsilon: 0.5`, favor),
  'no division': settings(`${projected}\n  normalize: none`, favor),
  decay: ofFeature('(x) = x', '  mask: causal\n  decay: 1 - 2^(-2 - head)\n  normalize: none'),
  'decay with a division': ofFeature('(x) = elu(x) + 1', '  mask: causal\n  decay: 1 - 2^(-2 - head)'),
  'a softmax': ofFeature('(x) = softmax(x)', '  mask: causal'),
  'an outer product': ofFeature('(x) = outer(x, x)', '  normalize: none'),
  waves: ofFeature(
    '(x, w) = [exp(dot(x, x) / 2) * cos(dot(w, x)), exp(dot(x, x) / 2) * sin(dot(w, x))]',
    '  epsilon: 3',
  ),
  'several sums, more than a pass has buffers': ofFeature(
    `(x, w) = exp(${['dot(w, x)', 'sum(x)', 'dot(x, x)', 'sum(cos(x))', 'sum(sin(x))', 'sum(tanh(x))', 'sum(relu(x))', 'sum(x * w * x)'].map((sum, n) => `${sum} * sigmoid(${n} - norm(w))`).join(' + ')})`,
  ),
  'sums in sums': ofFeature('(x, w) = softplus(dot(w, x) * norm(x)) + silu(sum(x))', '  mask: causal'),
  'gelu, deep': ofFeature('(x) = 1 + gelu(gelu(gelu(gelu(gelu(gelu(gelu(gelu(x + 0.5))))))))^2'),
  lengths: ofFeature('(x, w) = norm(x) * exp(dot(w, x) / (1 + norm(x)))'),
  places: ofFeature('(x) = relu(x) * cos(position / length)', '  epsilon: 0.1'),
  'the largest entry': ofFeature('(x, w) = exp(dot(w, x) - maximum(x))', '  mask: causal'),
}

const exact: Record<string, string> = {
  softmax: settings('  kernel: exp(dot(q, k))\n  scale: 1 / sqrt(dim)'),
  'causal softmax': settings('  kernel: exp(dot(q, k))\n  scale: 1 / sqrt(dim)\n  mask: causal'),
  'a window': settings('  kernel: exp(dot(q, k))\n  mask: i - j < 9 && j <= i'),
  distances: settings('  kernel: exp(-dot(q - k, q - k) / 2)'),
  'lengths of differences': settings('  kernel: exp(-norm(q - k))'),
  'a weight beside the keys': settings(
    '  weights: s shared scalar\n  kernel: exp(dot(q, k))\n  mask: causal\n  sink: s + head',
  ),
  polynomial: settings('  kernel: (1 + dot(q, k))^2 * exp(dot(q, k))\n  epsilon: 0.5'),
  'no division of pairs': settings('  kernel: tanh(dot(q, k))\n  normalize: none'),
  'without exponents apart': settings('  kernel: exp(dot(q, k))\n  stabilize: none'),
  norms: settings('  kernel: exp(dot(q, k) / (1 + norm(q) * norm(k)))\n  mask: causal'),
  'a row that sees no key': settings('  kernel: exp(dot(q, k))\n  mask: j > i'),
  'no key and no division': settings('  kernel: exp(dot(q, k))\n  mask: j > i\n  normalize: none'),
  'deep kernels': settings('  kernel: silu(silu(silu(silu(silu(silu(dot(q, k) + 1))))))^2\n  epsilon: 1'),
}

/** The same with a row of zeros in each of q, k and v. */
function withZeros(model: AttentionModel, call: GradientCall): GradientCall {
  const { dim, valueDim } = model
  const zeroed = (rows: Float32Array, width: number, row: number): Float32Array =>
    rows.map((entry, n) => (Math.floor(n / width) === row ? 0 : entry))
  return { ...call, q: zeroed(call.q, dim, 2), k: zeroed(call.k, dim, 1), v: zeroed(call.v, valueDim, 3) }
}

/** Those in which zeros are a tie, of entries or of exponents, at which a derivative is that of either side. */
const tied: ReadonlySet<string> = new Set(['sums in sums', 'the largest entry'])

describe.each(Object.entries({ ...exact, ...factorised }))('gradients of %s', (name, text) => {
  const model = modelOf(text)
  test('of grouped heads, with a row of zeros', () => {
    const call = callWith(model, { ...small, length: 35, keyLength: 35 })
    expect(offTheTruth(model, tied.has(name) ? call : withZeros(model, call))).toEqual([])
  })
  test('of items with fewer keys, and with none', () => {
    const call = callWith(model, { ...small, batch: 3, group: 1, length: 5, keyLength: 34 }, [34, 3, 0])
    expect(offTheTruth(model, call)).toEqual([])
  })
  test('of more queries than keys', () => {
    const call = callWith(model, { ...small, kvHeads: 2, group: 1, length: 34, keyLength: 5 })
    expect(offTheTruth(model, call)).toEqual([])
  })
})

const withoutKeys: ReadonlySet<string> = new Set([
  'the same, causal',
  'a row that sees no key',
  'no division of pairs',
])

describe('kernels of gradients', () => {
  for (const name of [
    'the same, causal',
    'decay with a division',
    'waves',
    'a softmax',
    'several sums, more than a pass has buffers',
    'causal softmax',
    'a row that sees no key',
    'distances',
    'no division of pairs',
  ])
    for (const target of targets)
      test(`${name}, for ${target.name}`, () => {
        const model = modelOf(factorised[name] ?? exact[name] ?? '')
        // In some of them an item has no key at all.
        const shape: Case = { ...small, length: 35, keyLength: 35 }
        const call = withoutKeys.has(name)
          ? callWith(model, { ...shape, group: 1, batch: 2 }, [35, 0])
          : callWith(model, shape)
        const kept = keptFor(model)
        const schedule = gradientSchedule(model, target.planner)
        const kernels = target.lower(schedule).map(({ kernel }) => kernel)
        const computed = runAll({ schedule, kernels }, { call, kept, races: false })
        const truth = truthOf(model, call)
        expect(
          disagreements(
            names,
            (of) => computed[of],
            (of) => truth.get(of),
            1e-5,
          ),
        ).toEqual([])
      })
})

const steps: Record<string, string> = {
  'means of segments': settings('  kernel: exp(dot(q, k))\n  landmarks: 4 segment_means\n  pinv: 3'),
  'the same with a convolution': settings(
    '  kernel: exp(dot(q, k))\n  landmarks: 4 segment_means\n  pinv: 3\n  conv: 3',
  ),
  'learned landmarks': settings('  kernel: exp(dot(q, k))\n  landmarks: 4 learned\n  pinv: 2'),
  'pooled keys': settings('  kernel: exp(dot(q, k))\n  compress: 6 learned'),
}

describe.each(Object.entries(steps))('gradients of %s', (_, text) => {
  const model = modelOf(text)
  const two: Case = { ...small, batch: 2, kvHeads: 2, group: 1, length: 11, keyLength: 11 }
  test('of more rows than landmarks', () =>
    expect(offTheTruth(model, withZeros(model, callWith(model, two)))).toEqual([]))
  test('of rows that are not there', () =>
    expect(offTheTruth(model, callWith(model, two, [11, 3]))).toEqual([]))
  test('of more keys than queries', () =>
    expect(offTheTruth(model, callWith(model, { ...two, keyLength: 17 }))).toEqual([]))
})

describe('gradients of the specs', () => {
  for (const name of [
    'performer',
    'performer_relu',
    'performer_trigonometric',
    'performer_hyperbolic',
    'based',
    'cosformer',
    'linear_transformer',
    'retnet',
    'oprf',
  ]) {
    test(`of ${name}`, () => {
      const text = readFileSync(new URL(`../../specs/${name}.attn`, import.meta.url), 'utf8')
        .replace(/^  dim: +\d+/m, '  dim: 6')
        .replace(/projections: \d+/, 'projections: 8')
        .replace(/value_dim: \d+/, 'value_dim: 5')
      const model = modelOf(text)
      expect(offTheTruth(model, callWith(model, { ...small, length: 34, keyLength: 34 }))).toEqual([])
    })
  }
})
