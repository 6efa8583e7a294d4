// The gradients' equations in float64, against differences of the reference.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromModel } from '../../compiler/algebra/build.ts'
import { understand } from '../../compiler/pipeline.ts'
import { backward } from '../../compiler/schedule/build.ts'
import type { Planner } from '../../compiler/schedule/planner.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { verify } from '../../compiler/schedule/verify.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { callOf, tensor } from '../../compiler/verification/cases/case.ts'
import type { Case } from '../../compiler/verification/cases/case.ts'
import { weightsOf } from '../../compiler/verification/cases/weights.ts'
import type { Call } from '../../compiler/verification/execution/executor.ts'
import { evaluateEquations } from '../../compiler/verification/execution/run-equations.ts'
import { runAll } from '../../compiler/verification/execution/run-passes.ts'
import { targets } from '../../compiler/targets/index.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { along, differentiated, directionOf, slopeAlong, weightAlong } from './slopes.ts'

function modelOf(text: string): AttentionModel {
  const { checked, diagnostics } = understand({ file: 'gradient.attn', text })
  expect(diagnostics.map(({ message }) => message)).toEqual([])
  const [model] = checked.attentions
  if (model === undefined) throw new Error('the text declares an attention')
  return model
}

function callWith(model: AttentionModel, shape: Case, lengths?: number[]): Call {
  const call = callOf(model, shape)
  const { batch, heads, length } = call
  return {
    ...call,
    dout: tensor(batch * heads, length, model.valueDim, 50, 1),
    ...(lengths && { lengths }),
  }
}

/** The gradients that differ from differences along a direction, or are not finite, in words. */
function disagreements(model: AttentionModel, call: Call): string[] {
  const { projections, dim } = model
  const projection = projections && drawProjection({ ...projections, rows: projections.count, dim })
  const kept = { ...weightsOf(model).values, ...(projection && { projection }) }
  const found = evaluateEquations(scheduleOf(model), call, kept)
  return differentiated.flatMap((name) => {
    const direction = directionOf(call, name)
    const gradient = found?.(`d${name}`) ?? new Float64Array()
    if (!gradient.every(Number.isFinite)) return [`d${name} is not finite`]
    const [here, there] = [along(gradient, direction), slopeAlong(model, call, name, kept)]
    const allowed = 1e-7 * weightAlong(gradient, direction) + 1e-9
    return Math.abs(here - there) <= allowed ? [] : [`d${name}: ${here} along a direction, and not ${there}`]
  })
}

function scheduleOf(model: AttentionModel, planner?: Planner): Schedule {
  const schedule = backward(fromModel(model), planner)
  if (schedule === undefined) throw new Error('there are gradients')
  return verify(schedule)
}

const small: Case = { length: 7, keyLength: 7, batch: 2, kvHeads: 1, group: 2, norm: 1, values: 3 }
const long: Case = { ...small, length: 70, keyLength: 70, batch: 1, kvHeads: 2, group: 1 }
const crossed: Case = { ...small, length: 40, keyLength: 69, kvHeads: 2, batch: 1 }

const settings = (lines: string, features = ''): string =>
  `${features}\nattention subject {\n  dim: 5\n  value_dim: 3\n${lines}\n}\n`

const favor = 'feature mine(x, w) = exp(dot(w, x) - dot(x, x) / 2)'

const texts: Record<string, string> = {
  'elu + 1': settings('  feature: elu1', 'feature elu1(x) = elu(x) + 1'),
  'elu + 1, causal': settings('  feature: elu1\n  mask: causal', 'feature elu1(x) = elu(x) + 1'),
  'exponentials of projections': settings('  feature: mine\n  projections: 6 iid seed 3', favor),
  'the same, causal': settings('  feature: mine\n  projections: 6 iid seed 3\n  mask: causal', favor),
  epsilon: settings('  feature: mine\n  projections: 6 iid seed 3\n  mask: causal\n  epsilon: 0.5', favor),
  'no division': settings('  feature: mine\n  projections: 6 iid seed 3\n  normalize: none', favor),
  decay: settings(
    '  feature: id\n  mask: causal\n  decay: 1 - 2^(-2 - head)\n  normalize: none',
    'feature id(x) = x',
  ),
  'decay with a division': settings(
    '  feature: elu1\n  mask: causal\n  decay: 1 - 2^(-2 - head)',
    'feature elu1(x) = elu(x) + 1',
  ),
  'a softmax': settings('  feature: soft\n  mask: causal', 'feature soft(x) = softmax(x)'),
  'an outer product': settings('  feature: square\n  normalize: none', 'feature square(x) = outer(x, x)'),
  waves: settings(
    '  feature: wave\n  projections: 4 iid seed 1\n  epsilon: 3',
    'feature wave(x, w) = [exp(dot(x, x) / 2) * cos(dot(w, x)), exp(dot(x, x) / 2) * sin(dot(w, x))]',
  ),
}

const exact: Record<string, string> = {
  softmax: settings('  kernel: exp(dot(q, k))\n  scale: 1 / sqrt(dim)'),
  'causal softmax': settings('  kernel: exp(dot(q, k))\n  scale: 1 / sqrt(dim)\n  mask: causal'),
  'a window': settings('  kernel: exp(dot(q, k))\n  mask: i - j < 9 && j <= i'),
  distances: settings('  kernel: exp(-dot(q - k, q - k) / 2)'),
  polynomial: settings('  kernel: (1 + dot(q, k))^2 * exp(dot(q, k))\n  epsilon: 0.5'),
  'no division of pairs': settings('  kernel: tanh(dot(q, k))\n  normalize: none'),
  'without exponents apart': settings('  kernel: exp(dot(q, k))\n  stabilize: none'),
  norms: settings('  kernel: exp(dot(q, k) / (norm(q) * norm(k)))\n  mask: causal'),
}

describe('gradients of exact attention', () => {
  for (const [name, text] of Object.entries(exact)) {
    describe(`of ${name}`, () => {
      const model = modelOf(text)
      test('of a few rows of grouped heads', () =>
        expect(disagreements(model, callWith(model, small))).toEqual([]))
      test('of rows that are not there', () =>
        expect(
          disagreements(model, callWith(model, { ...small, length: 21, keyLength: 21 }, [21, 13])),
        ).toEqual([]))
      test('of more keys than queries', () =>
        expect(disagreements(model, callWith(model, { ...small, length: 9, keyLength: 23 }))).toEqual([]))
    })
  }
})

describe('gradients of factorised attention', () => {
  for (const [name, text] of Object.entries(texts)) {
    describe(`of ${name}`, () => {
      const model = modelOf(text)
      test('of a few rows of grouped heads', () =>
        expect(disagreements(model, callWith(model, small))).toEqual([]))
      test('of rows in several chunks', () => expect(disagreements(model, callWith(model, long))).toEqual([]))
      test('of rows that are not there', () =>
        expect(disagreements(model, callWith(model, { ...long, batch: 2 }, [70, 33]))).toEqual([]))
      test('of more keys than queries', () =>
        expect(disagreements(model, callWith(model, crossed))).toEqual([]))
      test('of more queries than keys', () =>
        expect(disagreements(model, callWith(model, { ...crossed, length: 40, keyLength: 5 }))).toEqual([]))
    })
  }
})

describe('kernels of gradients', () => {
  for (const name of [
    'elu + 1, causal',
    'decay with a division',
    'waves',
    'a softmax',
    'causal softmax',
    'a window',
    'distances',
    'no division of pairs',
  ])
    for (const target of targets)
      test(`${name}, for ${target.name}`, () => {
        const model = modelOf(texts[name] ?? exact[name] ?? '')
        const call = callWith(model, { ...long, group: 2, length: 37, keyLength: 37 })
        const { projections, dim } = model
        const projection = projections && drawProjection({ ...projections, rows: projections.count, dim })
        const kept = { ...(projection && { projection }) }
        const found = evaluateEquations(scheduleOf(model), call, kept)
        const fused = scheduleOf(model, target.planner)
        const kernels = target.lower(fused).map(({ kernel }) => kernel)
        const computed = runAll({ schedule: fused, kernels }, { call, kept, races: false })
        for (const name of differentiated) {
          const expected = found?.(`d${name}`) ?? new Float64Array()
          const largest = expected.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0)
          const gap = expected.reduce(
            (most, entry, n) => Math.max(most, Math.abs(entry - (computed[`d${name}`]?.[n] ?? Number.NaN))),
            0,
          )
          expect(gap, `d${name}`).toBeLessThanOrEqual(3e-6 * largest)
        }
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

describe('gradients of attentions of several steps', () => {
  for (const [name, text] of Object.entries(steps)) {
    describe(`of ${name}`, () => {
      const model = modelOf(text)
      const two: Case = { ...small, kvHeads: 2, group: 1, length: 11, keyLength: 11 }
      test('of more rows than landmarks', () =>
        expect(disagreements(model, callWith(model, two))).toEqual([]))
      test('of rows that are not there', () =>
        expect(disagreements(model, callWith(model, two, [11, 3]))).toEqual([]))
      test('of more keys than queries', () =>
        expect(disagreements(model, callWith(model, { ...two, keyLength: 17 }))).toEqual([]))
    })
  }
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
      const call = callWith(model, { ...small, length: 37, keyLength: 37 })
      expect(disagreements(model, call)).toEqual([])
    })
  }
})
