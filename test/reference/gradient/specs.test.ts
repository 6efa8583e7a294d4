// Gradients of the papers' attentions against differences of the reference.
import { describe, expect, test } from 'vitest'
import { derivable, sized } from '../../numeric/small-specs.ts'
import { modelOf } from '../spec.ts'
import { wrongGradients } from './directional.ts'

const crossed = new Set(['reformer'])

describe.each(derivable)('%s', (name) => {
  const model = modelOf(sized(name))

  test('one sequence of odd length', () => {
    expect(wrongGradients(model, { length: 21, heads: 2 })).toEqual([])
  })

  test('grouped heads, and items of other lengths', () => {
    expect(wrongGradients(model, { length: 17, batch: 2, heads: 4, kvHeads: 2, lengths: [17, 13] })).toEqual(
      [],
    )
  })

  test.skipIf(crossed.has(name))('more queries than keys, and fewer', () => {
    expect(wrongGradients(model, { length: 15, keyLength: 18, queryLengths: [14] })).toEqual([])
    expect(wrongGradients(model, { length: 19, keyLength: 14 })).toEqual([])
  })
})
