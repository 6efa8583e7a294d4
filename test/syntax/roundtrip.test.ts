import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { format } from '../../compiler/syntax/format.ts'
import { parse } from '../../compiler/syntax/parse.ts'
import { print } from '../../compiler/syntax/print.ts'
import { sameTree } from '../../compiler/syntax/same.ts'
import { file } from './arbitrary.ts'

const seed = 20260101
const read = (text: string) => parse({ file: 'input.attn', text })
const formatted = (text: string): string => {
  const result = format({ file: 'input.attn', text })
  expect(result.diagnostics).toEqual([])
  return result.text ?? ''
}

const fileAt = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const specs = readdirSync(new URL('../../specs/', import.meta.url)).map((name) => ({
  name,
  text: fileAt(`specs/${name}`),
}))
const prelude = { name: 'prelude.attn', text: fileAt('compiler/prelude.attn') }

test('a printed tree reads back as the same tree', () => {
  fc.assert(
    fc.property(file, (tree) => {
      const text = print(tree)
      const back = read(text)
      expect({ text, diagnostics: back.diagnostics, same: sameTree(back.file, tree) }).toEqual({
        text,
        diagnostics: [],
        same: true,
      })
    }),
    { seed, numRuns: 1000 },
  )
})

test('the layout of printed text is a fixed point', () => {
  fc.assert(
    fc.property(file, (tree) => {
      const once = formatted(print(tree))
      expect(formatted(once)).toBe(once)
    }),
    { seed, numRuns: 300 },
  )
})

test('comments anywhere are kept in order, and the layout is still a fixed point', () => {
  const text = specs.map((spec) => spec.text).join('\n')
  const places = [...text.matchAll(/#.*|[ (,)]/g)]
    .filter(([match]) => !match.startsWith('#'))
    .map((match) => match.index + 1)
  expect(places.length).toBeGreaterThan(100)
  fc.assert(
    fc.property(fc.uniqueArray(fc.constantFrom(...places), { minLength: 1, maxLength: 20 }), (chosen) => {
      const commented = chosen
        .toSorted((a, b) => b - a)
        .reduce((rest, place) => `${rest.slice(0, place)} # at ${place}\n${rest.slice(place)}`, text)
      const once = formatted(commented)
      expect(sameTree(read(once).file, read(commented).file)).toBe(true)
      expect(formatted(once)).toBe(once)
    }),
    { seed, numRuns: 40 },
  )
})

test.each([
  'attention a { projections: 256 (-3) }',
  'attention a { mask: (a) (b) (-c) }',
  'attention a { mask: (a) ((b + c) * d) 1e5 (-2) }',
  'attention a { mask: (-feature) f(2) }',
  'feature f(feature) = query (feature) key (feature + 1) * 2',
  'feature f(query) = (query) - 1',
  'feature f(x) = (query(x))',
  'feature f(x) = query x + # why\n 1 key x',
  'feature f(x, # second\n w) = query x # first\n key 1',
])('%j stays what it is', (text) => {
  const once = formatted(text)
  expect(sameTree(read(once).file, read(text).file)).toBe(true)
  expect(formatted(once)).toBe(once)
})

test('trees that differ anywhere are not the same', () => {
  const one = read('feature f(x) = x + 1 # a').file
  const others = [
    'feature g(x) = x + 1 # a',
    'feature f(y) = x + 1 # a',
    'feature f(x) = x - 1 # a',
    'feature f(x) = x + 1.0 # a',
    'feature f(x) = [x + 1] # a',
    'feature f(x) = query x + 1 key x + 1 # a',
    'feature f(x) = x + 1 # b',
    'feature f(x) = x + 1',
    'feature f(x) = x + 1 # a\nattention a { }',
  ]
  expect(others.filter((other) => sameTree(one, read(other).file))).toEqual([])
  expect(sameTree(one, read('feature f ( x )=\n(x)+((1)) # a').file)).toBe(true)
})

describe.each([...specs, prelude])('$name', ({ text }) => {
  test('is in the canonical layout', () => {
    expect(formatted(text)).toBe(text)
  })

  test('keeps its tree and its comments, however it is laid out', () => {
    const tree = read(text).file
    const spread = text.replaceAll(/([{}(),:*/^])(?=[^\n]*\n)/g, (sign, _0, offset: number) =>
      text.slice(text.lastIndexOf('\n', offset) + 1, offset).includes('#') ? sign : ` ${sign}\r\n\t`,
    )
    expect(spread).not.toBe(text)
    expect(sameTree(read(spread).file, tree)).toBe(true)
    const back = formatted(spread)
    expect(sameTree(read(back).file, tree)).toBe(true)
    expect(formatted(back)).toBe(back)
  })
})
