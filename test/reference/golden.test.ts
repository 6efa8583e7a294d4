// The reference against what the published implementations computed.
import { describe, expect, test } from 'vitest'
import { reference } from '../../compiler/reference/reference.ts'
import { goldenCases } from '../numeric/golden/cases.ts'
import { modelOf } from './spec.ts'
import { distance } from './tensors.ts'

const cases = goldenCases()

test('the recordings are all there', () => {
  expect(cases).toHaveLength(29)
})

describe.each(cases)('$name', (recorded) => {
  test(`is what ${recorded.peer} computed`, () => {
    const model = modelOf(recorded.spec)
    expect(distance(reference(model, recorded), recorded.output)).toBeLessThan(1e-6)
  })
})
