// What a caller gives beside q, k and v, and what is drawn, as facts of the checked spec.
import { expect, test } from 'vitest'
import { drawnLaw, weightsOf } from '../../compiler/semantics/model.ts'
import { model } from './check.ts'

const attention = (settings: string): ReturnType<typeof model> =>
  model(`attention a { dim: 8 kernel: exp(dot(q, k)) ${settings} }`)
const shapes = (settings: string): Readonly<Record<string, readonly unknown[]>> =>
  Object.fromEntries(weightsOf(attention(settings)).map(({ name, shape }) => [name, shape]))

test.each([
  ['', {}],
  ['landmarks: 4 segment_means', {}],
  ['landmarks: 4 segment_means conv: 5', { conv: [5] }],
  ['landmarks: 4 learned', { landmarks: [4, 8], queryLandmarks: [4, 8] }],
  ['landmarks: 4 learned conv: 3', { landmarks: [4, 8], queryLandmarks: [4, 8], conv: [3] }],
  ['compress: 6 learned', { compressKeys: [6, 'keyRows'], compressValues: [6, 'keyRows'] }],
])('the weights of `%s`', (settings, expected) => {
  expect(shapes(settings)).toEqual(expected)
})

test.each([
  ['', undefined],
  ['feature: elu1', undefined],
  [
    'feature: favor projections: 12 simplex fixed_norm seed 3',
    { rows: 12, dim: 8, coupling: 'simplex', fixedNorm: true, seed: 3 },
  ],
  // Each round has a rotation to half as many rows as there are buckets.
  ['buckets: 6 rounds 4 chunk 8 seed 9', { rows: 12, dim: 8, coupling: 'iid', fixedNorm: false, seed: 9 }],
])('the rows that `%s` draws', (settings, expected) => {
  expect(drawnLaw(attention(settings))).toEqual(expected)
})
