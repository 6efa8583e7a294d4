// The gradients against what the published implementations computed.
import { describe, expect, test } from 'vitest'
import { referenceGradients } from '../../../compiler/reference/gradient/gradients.ts'
import { goldenCases } from '../../numeric/golden/cases.ts'
import { modelOf } from '../spec.ts'
import { distance } from '../tensors.ts'

const cases = goldenCases().filter(({ gradients }) => gradients !== undefined)

test('the recordings are all there', () => {
  expect(cases).toHaveLength(4)
})

describe.each(cases)('$name', ({ gradients, ...recorded }) => {
  test(`is what ${recorded.peer} computed`, () => {
    const { dq, dk, dv } = referenceGradients(modelOf(recorded.spec), { ...recorded, dout: gradients!.dout })
    // They were computed in float64.
    expect(distance(dq, gradients!.dq)).toBeLessThan(1e-9)
    expect(distance(dk, gradients!.dk)).toBeLessThan(1e-9)
    expect(distance(dv, gradients!.dv)).toBeLessThan(1e-9)
  })
})
