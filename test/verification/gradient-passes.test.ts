// Translation validation of gradients: every program of them is held to the one before it, and wrong ones are found.
import { describe, expect, test } from 'vitest'
import { fromModel } from '../../compiler/algebra/build.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { targetNamed } from '../../compiler/targets/index.ts'
import { checkGradients } from '../../compiler/verification/passes/check-gradients.ts'
import { gradientForms } from '../../compiler/verification/passes/gradient-forms.ts'
import type { GradientForm } from '../../compiler/verification/passes/gradient-forms.ts'
import type { TargetName } from '../../runtime/contract/backends.ts'
import { wrongGradients } from './mutants/gradients.ts'
import { modelOf } from './verify-text.ts'

const effort = { seed: 0, calls: 2 }

function formsOf(text: string, target: TargetName): readonly GradientForm[] {
  const forms = gradientForms(targetNamed(target), fromModel(modelOf(text)))
  if ('underivable' in forms) throw new Error(forms.underivable)
  return forms
}

function check(text: string, forms: readonly GradientForm[]) {
  const model = modelOf(text)
  return checkGradients({ model, algebra: fromModel(model), forms }, effort)
}

const wrongStages = (text: string, forms: readonly GradientForm[]): string[] =>
  check(text, forms)
    .filter(({ wrong }) => wrong !== undefined)
    .map(({ stage }) => stage)

const one = (settings: string): string => `attention one { dim: 3 value_dim: 2 scale: 0.5 ${settings} }`
const ofRows = ['gradients, equations', 'gradients, kernels']
const ofParameters = ['gradients by parameters, equations', 'gradients by parameters, kernels']

const right: Readonly<Record<string, { readonly text: string; readonly stages: readonly string[] }>> = {
  'plain sums': { text: one('feature: elu1 mask: causal'), stages: ofRows },
  'scaled sums': {
    text: one('feature: favor projections: 3 seed 3 mask: causal'),
    stages: [...ofRows, ...ofParameters],
  },
  pairs: { text: one('kernel: exp(dot(q, k))'), stages: ofRows },
  'rows that a hash sorts': {
    text: one('kernel: exp(dot(q, k)) buckets: 4 rounds 2 chunk 4 seed 1'),
    stages: ofRows,
  },
  'landmarks and a filter': {
    text: one('kernel: exp(dot(q, k)) landmarks: 2 learned pinv: 2 conv: 3'),
    stages: [...ofRows, ...ofParameters],
  },
}

describe.each(Object.entries(right))('%s', (name, { text, stages }) => {
  const targets: readonly TargetName[] = name.startsWith('rows') ? ['wasm'] : ['webgpu', 'wasm', 'gpujs']
  test.each(targets)('each stage says what the one before it says, for %s', (target) => {
    const results = check(text, formsOf(text, target))
    expect(results.filter(({ wrong }) => wrong !== undefined)).toEqual([])
    const interpreted = results.flatMap(({ stage, calls }) => (calls > 0 ? [stage] : []))
    const expected = name.startsWith('rows') ? ['gradients, kernels'] : stages
    expect(interpreted).toEqual(expect.arrayContaining([...expected]))
  })
})

/** The form whole and with wrong kernels, those of what has become of its schedule. */
function withKernels(form: GradientForm, change: (plan: Schedule) => Schedule): GradientForm {
  const { lower } = targetNamed('gpujs')
  const { keep: _, rest: __, ...whole } = form.kernels
  const schedule = change(whole.backward.schedule)
  const kernels = lower(schedule).map(({ kernel }) => kernel)
  return { ...form, kernels: { backward: { schedule, kernels } } }
}

describe('a wrong program is found where it is', () => {
  test.each(wrongGradients)('equations: $what', ({ spec, change }) => {
    const forms = formsOf(spec, 'gpujs').map((form) => {
      const { equations } = form
      return equations === undefined ? form : { ...form, equations: change(equations) }
    })
    const found = wrongStages(spec, forms)
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter((stage) => !stage.endsWith('equations'))).toEqual([])
  })

  test.each(wrongGradients)('kernels: $what', ({ spec, change }) => {
    const forms = formsOf(spec, 'gpujs').map((form) => withKernels(form, change))
    const found = wrongStages(spec, forms)
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter((stage) => !stage.endsWith('kernels'))).toEqual([])
  })

  test.each(['keep', 'rest'] as const)('in two: a pass is missing in the part %s', (part) => {
    const text = one('feature: favor projections: 3 seed 3 mask: causal')
    const forms = formsOf(text, 'webgpu').map((form) => {
      const { [part]: whole } = form.kernels
      if (whole === undefined) throw new Error('there is a cut')
      const { schedule, kernels } = whole
      const less = { schedule: { ...schedule, passes: schedule.passes.slice(1) }, kernels: kernels.slice(1) }
      return { ...form, kernels: { ...form.kernels, [part]: less } }
    })
    expect(wrongStages(text, forms)).toEqual(['gradients, in two', 'gradients by parameters, in two'])
  })
})
