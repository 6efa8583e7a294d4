// Every setting means something: an attention that differs in it alone gives other rows. A setting that is read and
// printed, and that neither reference nor algebra knows, would agree with itself in every other test.
import { expect, test } from 'vitest'
import { reference } from '../../compiler/reference/reference.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { declaredTensors, weightsOf } from '../../compiler/semantics/model.ts'
import type { SettingName } from '../../compiler/semantics/settings/setting.ts'
import { countOf } from '../../runtime/contract/tensors.ts'
import { modelOf } from './spec.ts'
import { inputsFor, numbers } from './tensors.ts'

const kernel = 'kernel: exp(dot(q, k))'
const marks = `${kernel} landmarks: 3 segment_means`
const features = 'feature: favor projections: 8'

/** The settings beside `dim`, without this one or with another value of it, and with it. */
const pairs: Readonly<Record<Exclude<SettingName, 'dim'>, readonly [string, string]>> = {
  value_dim: [kernel, `${kernel} value_dim: 2`],
  inputs: [kernel, 'inputs: a shared scalar kernel: exp(a[j] * dot(q, k))'],
  weights: [kernel, 'weights: a scalar kernel: exp(a * dot(q, k))'],
  short_conv: [`${kernel} mask: causal`, `${kernel} mask: causal short_conv: 2 silu`],
  scale: [kernel, `${kernel} scale: 0.5`],
  kernel: [kernel, 'kernel: exp(2 * dot(q, k))'],
  feature: ['feature: elu1', 'feature: relu1'],
  projections: [features, `${features} seed 1`],
  landmarks: [kernel, marks],
  pinv: [marks, `${marks} pinv: 1`],
  conv: [marks, `${marks} conv: 3`],
  compress: [kernel, `${kernel} compress: 3 learned`],
  buckets: [kernel, `${kernel} buckets: 4 chunk 2`],
  mask: [kernel, `${kernel} mask: causal`],
  decay: ['feature: elu1 mask: causal', 'feature: elu1 mask: causal decay: 0.5'],
  update: [
    'feature: x mask: causal normalize: none',
    'feature: x mask: causal normalize: none update: S + outer(k, v - read(k))',
  ],
  sink: [kernel, `${kernel} sink: 1`],
  normalize: [kernel, `${kernel} normalize: none`],
  epsilon: [kernel, `${kernel} epsilon: 0.5`],
  output: [kernel, `${kernel} output: silu(o)`],
  stabilize: [features, `${features} stabilize: max 0.1`],
}

const length = 9

function rowsOf(model: AttentionModel): readonly number[] {
  const weights = weightsOf(model).map(({ name, shape }, index) => {
    const entries = shape.reduce<number>((all, size) => all * (size === 'keyRows' ? length : size), 1)
    return [name, numbers(entries, 20 + index)] as const
  })
  const call = inputsFor(model, { length })
  const declared = (role: 'input' | 'weight') =>
    declaredTensors(model).flatMap((plan, index) =>
      plan.role === role ? [[plan.name, numbers(countOf(plan, call), 40 + index)] as const] : [],
    )
  return [
    ...reference(model, {
      ...call,
      ...Object.fromEntries(weights),
      inputs: Object.fromEntries(declared('input')),
      weights: Object.fromEntries(declared('weight')),
    }),
  ]
}

test.each(Object.entries(pairs))('%s', (_, texts) => {
  const [without, having] = texts.map((text) => rowsOf(modelOf(`attention a { dim: 4 ${text} }`)))
  const apart = having!.map((entry, index) => Math.abs(entry - without![index]!))
  expect(having!.length !== without!.length || Math.max(...apart) > 1e-6).toBe(true)
})
