// Claims are tried where no call of a test goes, or else called undecided.
import { describe, expect, test } from 'vitest'
import { referencePlatform } from '../../compiler/verification/execution/reference.ts'
import { rightFar, throughMaximum, wrongFar } from './mutants/far.ts'
import { modelOf, resultOf } from './verify-text.ts'

const sample = { draws: [24, 24], projections: 64 } as const

const verdictOf = async (text: string) => resultOf(modelOf(text), referencePlatform, 'unbiased', { sample })

describe('wrong far from where tests go', () => {
  test.each(wrongFar)('$what', async ({ text }) => {
    const result = await verdictOf(text)
    expect(result).toMatchObject({ status: 'refuted' })
    expect(result.counterexample?.table.rows.length).toBeGreaterThan(0)
  })
})

describe('right there, too', () => {
  test.each(rightFar)('$what', async ({ text }) => {
    expect(await verdictOf(text)).not.toMatchObject({ status: 'refuted' })
  })
})

test('a maximum over the projection is called undecided, with the bias that would show', async () => {
  const { status, detail } = await verdictOf(throughMaximum)
  expect(status).toBe('undecided')
  expect(detail).toMatch(/nothing is known at rows with a large entry/)
})
