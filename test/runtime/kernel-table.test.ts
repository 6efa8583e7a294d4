// The table by which kernels of the target wasm are called: words that neither overlap nor leave gaps.
import { expect, test } from 'vitest'
import {
  addressWord,
  alignment,
  elementsWord,
  memoryImport,
  memoryPages,
  scratchWord,
  shapeWord,
  tableWords,
} from '../../runtime/contract/kernel-table.ts'
import { shapeFields } from '../../runtime/contract/shape.ts'

test.each([0, 1, 3, 8])('every word of a kernel with %i bindings has one meaning', (bindings) => {
  const words = [
    ...Array.from({ length: bindings }, (_, binding) => [addressWord(binding), elementsWord(binding)]).flat(),
    ...shapeFields.map((field) => shapeWord(bindings, field)),
    scratchWord(bindings),
  ]
  expect(words).toEqual(Array.from({ length: tableWords(bindings) }, (_, word) => word))
})

test('the memory is imported and laid out as modules were written for', () => {
  expect([memoryImport.module, memoryImport.name, memoryPages, alignment]).toEqual([
    'attnc',
    'memory',
    65536,
    16,
  ])
})
