// Pooled keys and values against sums written out here.
import { expect, test } from 'vitest'
import type { ReferenceInputs } from '../../compiler/reference/inputs.ts'
import { reference } from '../../compiler/reference/reference.ts'
import { exactTwin } from '../../compiler/semantics/model.ts'
import { modelOf } from './spec.ts'
import { distance, inner, inputsFor, numbers, rowAt } from './tensors.ts'

const dim = 3
const spec = (settings: string): string => `attention a { dim: ${dim} kernel: exp(dot(q, k)) ${settings} }`

/** softmax(q (E k)ᵀ) (F v) of one head. */
function byHand(q: number[][], k: number[][], v: number[][], e: number[][], f: number[][]): number[] {
  const pool = (weights: number[][], rows: number[][]): number[][] =>
    weights.map((weight) =>
      rows[0]!.map((_, t) => rows.reduce((sum, row, j) => sum + weight[j]! * row[t]!, 0)),
    )
  const [keys, values] = [pool(e, k), pool(f, v)]
  return q.flatMap((row) => {
    const weights = keys.map((key) => Math.exp(inner(row, key)))
    const total = weights.reduce((x, y) => x + y, 0)
    return values[0]!.map((_, t) =>
      values.reduce((sum, value, n) => sum + (weights[n]! / total) * value[t]!, 0),
    )
  })
}

const rows = (tensor: ReferenceInputs['q'], from: number, count: number, width: number): number[][] =>
  Array.from({ length: count }, (_, row) => rowAt(tensor, from + row, width))

test('keys and values have weights of their own, per query head, and a shorter sequence meets their first columns', () => {
  const model = modelOf(spec('value_dim: 2 compress: 4 learned'))
  const [length, keyLength, longest] = [5, 6, 9]
  const inputs = inputsFor(model, { heads: 2, kvHeads: 1, length, keyLength })
  const compressKeys = numbers(2 * 4 * longest, 8)
  const compressValues = numbers(2 * 4 * keyLength, 9)
  const expected = [0, 1].flatMap((head) =>
    byHand(
      rows(inputs.q, head * length, length, dim),
      rows(inputs.k, 0, keyLength, dim),
      rows(inputs.v, 0, keyLength, 2),
      rows(compressKeys, head * 4, 4, longest),
      rows(compressValues, head * 4, 4, keyLength),
    ),
  )
  expect(distance(reference(model, { ...inputs, compressKeys, compressValues }), expected)).toBeLessThan(
    1e-13,
  )
})

test('one matrix serves both', () => {
  const model = modelOf(spec('compress: 2 learned'))
  const weights = numbers(2 * 7, 3)
  const inputs = { ...inputsFor(model, { length: 4, keyLength: 7 }), compressKeys: weights }
  expect(reference(model, inputs)).toEqual(reference(model, { ...inputs, compressValues: weights }))
})

test('the identity pools nothing: exact attention, whatever the kernel', () => {
  for (const kernel of ['exp(dot(q, k))', '1 / (1 + dot(q - k, q - k))', 'relu(dot(q, k)) + 0.01']) {
    const model = modelOf(
      `attention a { dim: ${dim} scale: 0.5 kernel: ${kernel} compress: 8 learned epsilon: 0.1 }`,
    )
    const identity = Float64Array.from({ length: 64 }, (_, at) => (at % 9 === 0 ? 1 : 0))
    const inputs = inputsFor(model, { length: 6, keyLength: 8 })
    const exact = reference(exactTwin(model)!, inputs)
    expect(distance(reference(model, { ...inputs, compressKeys: identity }), exact)).toBeLessThan(1e-14)
  }
})

test('rows past the end are as if absent, and no row gives zeros', () => {
  const model = modelOf(spec('compress: 3 learned'))
  const compressKeys = numbers(3 * 8, 5)
  const inputs = { ...inputsFor(model, { length: 4, keyLength: 8 }), compressKeys }
  const shorter = {
    ...inputs,
    k: inputs.k.subarray(0, 5 * dim),
    v: inputs.v.subarray(0, 5 * dim),
    keyLength: 5,
  }
  expect(reference(model, { ...inputs, lengths: [5] })).toEqual(reference(model, shorter))
  expect([...reference(model, { ...inputs, lengths: [0] })]).toEqual(new Array(4 * dim).fill(0))
})

test('weights that are missing or too narrow are refused', () => {
  const model = modelOf(spec('compress: 3 learned'))
  const inputs = inputsFor(model, { heads: 2, length: 4, keyLength: 8 })
  const run = (weights: object) => () => reference(model, { ...inputs, ...weights })
  expect(run({})).toThrow('compressKeys: expected 6 rows of at least keyLength (8) numbers, found nothing')
  expect(run({ compressKeys: new Float64Array(6 * 7) })).toThrow('found 42')
  expect(run({ compressKeys: new Float64Array(6 * 8), compressValues: new Float64Array(50) })).toThrow(
    'compressValues',
  )
})
