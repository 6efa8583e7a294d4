// The pattern of blocks that a mask condition writes down, from the spec itself.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { reference } from '../../compiler/reference/reference.ts'
import { visibility } from '../../compiler/reference/weights.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import { modelOf } from './spec.ts'
import { distance, inputsFor } from './tensors.ts'

const text = readFileSync(new URL('../../specs/bigbird.attn', import.meta.url), 'utf8').replace(
  /dim: {4}64/,
  'dim: 2',
)
const model = modelOf(text)
const block = 64

/** Of the pair of first rows, or of last rows, of two blocks. */
function sees(length: number, blockOfQuery: number, blockOfKey: number, within = 0): boolean {
  if (model.mask.kind !== 'condition') throw new Error('the pattern is a condition')
  const place = { i: blockOfQuery * block + within, j: blockOfKey * block + within, length }
  return evaluateScalar(model.mask.condition, environmentOf(place)) !== 0
}

test('of many blocks: the first and the last, the neighbours, and three others on average', () => {
  const blocks = 60
  const length = blocks * block
  const places = Array.from({ length: blocks }, (_, place) => place)
  const rows = places.map((i) => places.map((j) => sees(length, i, j)))
  expect(rows).toEqual(places.map((i) => places.map((j) => sees(length, i, j, block - 1))))
  const ends = [0, blocks - 1]
  const always = (i: number, j: number): boolean =>
    ends.includes(i) || ends.includes(j) || Math.abs(i - j) <= 1
  expect(rows.flatMap((row, i) => row.filter((seen, j) => always(i, j) && !seen))).toEqual([])
  const others = rows
    .slice(1, -1)
    .map((row, index) => row.filter((seen, j) => seen && !always(index + 1, j)).length)
  const mean = others.reduce((sum, count) => sum + count, 0) / others.length
  // 58 rows of a count with mean 3 and variance below 3: 0.23 is one standard error.
  expect(Math.abs(mean - 3)).toBeLessThan(0.8)
  expect(new Set(others).size).toBeGreaterThan(2)
})

test('up to eight blocks, also of a length that blocks do not divide: everything, which is softmax', () => {
  for (const length of [1, 63, 65, 300, 449, 512]) {
    const blocks = Math.ceil(length / block)
    for (let i = 0; i < blocks; i++) for (let j = 0; j < blocks; j++) expect(sees(length, i, j)).toBe(true)
  }
  expect(sees(9 * block, 4, 7) && sees(9 * block, 4, 2) && sees(9 * block, 3, 6)).toBe(false)
  const inputs = inputsFor(model, { length: 70, keyLength: 150 })
  const softmax = reference({ ...model, mask: { kind: 'none' } }, inputs)
  expect(distance(reference(model, inputs), softmax)).toBe(0)
  expect(visibility(model.mask, 70, 150)(69, 100)).toBe(true)
})
