// Whatever features, masks, stabilisation, decay and normalisation meet, kernels for workgroups compile: types fit, memory
// suffices, and barriers stand where control is uniform.
import { expect, test } from 'vitest'
import { build, understand } from '../../compiler/pipeline.ts'

const own = `
feature rising(x, w) = exp(dot(w, x) * (1 + position / length) / 2)
feature waves(x, w) = [exp(dot(x, x) / 2) * cos(dot(w, x)), exp(dot(x, x) / 2) * sin(dot(w, x))]
feature mixed(x, w) = [exp(dot(w, x)), 2 + dot(w, x)]
feature powers(x) = [(1 + x^2) * exp(x), 0.5]
`

const features: Readonly<Record<string, readonly string[]>> = {
  favor: ['projections: 40 orthogonal seed 1', 'projections: 16 hadamard seed 1'],
  rising: ['projections: 6', 'projections: 140'],
  waves: ['projections: 24'],
  mixed: ['projections: 9'],
  relu_features: ['projections: 9'],
  elu1: [''],
  identity: [''],
  cosformer: [''],
  powers: [''],
}
const masks = ['', 'mask: causal', 'mask: causal decay: 1 - 2^(-5 - head)']
const stabilisations = ['', 'stabilize: none', 'stabilize: max 1e-3']
const shapes = [
  'dim: 5 value_dim: 7',
  'dim: 8 value_dim: 64 normalize: none',
  'dim: 8 value_dim: 64',
  'dim: 5 value_dim: 7 normalize: none',
]

const cases = Object.entries(features).flatMap(([feature, all]) => all.map((of) => [feature, of] as const))

test.each(cases.map((one, index) => [...one, index] as const))('%s %s', (feature, of, index) => {
  const combinations = masks.flatMap((mask) =>
    stabilisations.map((stabilisation) => `${mask} ${stabilisation}`),
  )
  const failed: string[] = []
  let compiled = 0
  // Shapes go through those of each feature in turn, from another one on.
  for (const [which, settings] of combinations.entries()) {
    const combination = `${settings} ${shapes[(which + index) % shapes.length]}`
    const text = `${own} attention a { feature: ${feature} ${of} scale: 1 / 4 ${combination} }`
    const { tree, checked, diagnostics } = understand({ file: 'test.attn', text })
    const [model] = checked.attentions
    // What the language does not have, such as the papers' maxima without projections.
    if (model === undefined || diagnostics.some(({ severity }) => severity === 'error')) continue
    compiled++
    try {
      build(model, tree)
    } catch (error) {
      failed.push(`${combination}: ${String(error)}`)
    }
  }
  expect(failed).toEqual([])
  expect(compiled).toBeGreaterThanOrEqual(masks.length * 2)
})
