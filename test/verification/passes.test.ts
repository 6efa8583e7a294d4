// Translation validation: every stage of every spec is held to the stage before it, and wrong stages are found.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromModel } from '../../compiler/algebra/build.ts'
import { isInterpretable } from '../../compiler/algebra/facts.ts'
import { lower } from '../../compiler/kernel/lower/lower.ts'
import { understand } from '../../compiler/pipeline.ts'
import { uncompiled } from '../../compiler/uncompiled.ts'
import { schedule } from '../../compiler/schedule/build.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { equationsOf } from '../../compiler/schedule/build.ts'
import { mul } from '../../compiler/schedule/equation/build.ts'
import { checkPasses, type Stages } from '../../compiler/verification/passes/check-passes.ts'
import { targetNamed } from '../../compiler/targets/index.ts'
import type { TargetName } from '../../runtime/contract/backends.ts'
import { modelOf } from './verify-text.ts'

const effort = { seed: 1, calls: 2 }

function stagesOf(model: AttentionModel, name: TargetName = 'webgpu'): Stages {
  const algebra = fromModel(model)
  const target = targetNamed(name)
  const plan = schedule(algebra, target.planner)
  if ('unsupported' in plan) throw new Error(`${name} has no kernels for ${plan.unsupported}`)
  return { model, algebra, schedule: plan, kernels: target.lower(plan).map(({ kernel }) => kernel) }
}

/** As declared, but narrower, so that the interpreter of kernels is done in time. */
function specs(): (readonly [string, AttentionModel])[] {
  return readdirSync('specs')
    .filter((file) => file.endsWith('.attn'))
    .flatMap((file) => {
      const text = readFileSync(`specs/${file}`, 'utf8')
        .replace(/^ {2}dim: +\d+/gm, '  dim: 8')
        .replace(/value_dim: +\d+/g, 'value_dim: 12')
        .replace(/projections: +\d+/g, 'projections: 20')
        .replace(/landmarks: +\d+/g, 'landmarks: 6')
      return understand({ file, text })
        .checked.attentions.filter((model) => uncompiled(model) === undefined)
        .map((model) => [model.name, model] as const)
    })
}

const settings: readonly (readonly [name: string, text: string, before?: string])[] = [
  ['maxima', 'feature: favor projections: 6 seed 3 stabilize: max 1e-2'],
  ['maxima, causal', 'feature: favor_hyperbolic projections: 6 seed 3 stabilize: max 1e-2 mask: causal'],
  ['no stabilisation', 'feature: favor projections: 6 seed 3 stabilize: none epsilon: 0.1'],
  [
    'a weight beside the keys, of the head and of weights',
    'weights: s scalar, t shared vector(3) kernel: exp(dot(q, k)) mask: causal sink: s - log(head + 1) + t[heads - 1]',
  ],
  [
    'tokens that let as much pass as weights say',
    'weights: a scalar kernel: exp(dot(q, k)) mask: causal decay: sigmoid(a + head / heads)',
  ],
  [
    'tokens that let nothing pass',
    'inputs: f scalar kernel: exp(dot(q, k)) mask: causal decay: relu(min(f + 0.5, 1))',
  ],
  ['no denominator', 'kernel: exp(dot(q, k)) normalize: none'],
  [
    'a decay beside exponentials',
    'feature: favor projections: 6 seed 3 mask: causal decay: 1 - 2^(-1 - head)',
  ],
  [
    'maxima and lengths of both sides, more than a pass has bindings for',
    'feature: timed projections: 6 seed 3 stabilize: max 1e-2 mask: causal',
    'feature timed(x, w) = exp(dot(w, x) - dot(x, x) / 2) * (1 + position / length)',
  ],
  ['a convolution over learned rows', 'kernel: exp(dot(q, k)) landmarks: 5 learned conv: 3 pinv: 4'],
]

describe.each([
  ...specs(),
  ...settings.map(
    ([name, text, before = '']) =>
      [name, modelOf(`${before} attention one { dim: 4 value_dim: 3 scale: 0.5 ${text} }`)] as const,
  ),
])('%s', (_, model) => {
  test.each(['webgpu', 'wasm'] as const)('each stage says what the one before it says, for %s', (target) => {
    const stages = stagesOf(model, target)
    const results = checkPasses(stages, effort)
    expect(results.filter(({ wrong }) => wrong !== undefined)).toEqual([])
    // What is hashed has no interpreter but the reference yet, and no equation goes through rows in order.
    const interpreted = isInterpretable(stages.algebra) ? effort.calls : 0
    expect(results.map(({ stage, calls }) => [stage, calls])).toEqual([
      ['algebra', interpreted],
      ['equations', equationsOf(stages.algebra) === undefined ? 0 : interpreted],
      ['kernels', effort.calls],
    ])
  })
})

describe('a wrong stage is found where it is', () => {
  const stages = stagesOf(
    modelOf('attention one { dim: 4 scale: 0.5 feature: favor projections: 6 seed 3 mask: causal }'),
  )
  const wrongStages = (changed: Stages): string[] =>
    checkPasses(changed, effort)
      .filter(({ wrong }) => wrong !== undefined)
      .map(({ stage }) => stage)

  test('the algebra', () => {
    const equations = equationsOf(stages.algebra)
    expect(
      wrongStages({
        ...stages,
        algebra: { ...stages.algebra, scale: 0.5 + 1e-6 },
        ...(equations && { equations }),
      }),
    ).toEqual(['algebra'])
  })

  test('the equations', () => {
    const equations = equationsOf(stages.algebra)
    const passes = equations?.passes.map((pass) =>
      pass.kind === 'equation' && pass.name === 'query_exponents'
        ? { ...pass, value: mul(pass.value, 1 + 1e-7) }
        : pass,
    )
    const wrong = equations && passes && { ...equations, passes }
    expect(wrongStages({ ...stages, ...(wrong && { equations: wrong }) })).toEqual(['equations'])
  })

  test('the kernels', () => {
    const other = stagesOf(
      modelOf('attention one { dim: 4 scale: 0.501 feature: favor projections: 6 seed 3 mask: causal }'),
    )
    expect(wrongStages({ ...stages, kernels: lower(other.schedule) })).toEqual(['kernels'])
  })
})
