import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { preludeSource } from '../../compiler/prelude.ts'
import { preludeModule, withoutComments } from '../../scripts/embed-prelude.mjs'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

test('the committed prelude module is what prelude.attn generates', () => {
  const prelude = read('../../compiler/prelude.attn')
  expect(read('../../compiler/prelude.ts')).toBe(preludeModule(prelude))
  expect(preludeSource).toBe(withoutComments(prelude))
})

test('lines of comments are left empty, and the others where they were', () => {
  expect(withoutComments('# one\nfeature f(x) = x # two\n\n# three\n')).toBe('\nfeature f(x) = x # two\n\n\n')
})

test('the characters that end or open a template literal survive embedding', () => {
  expect(preludeModule('a \\ b ` c ${d}')).toContain('= `a \\\\ b \\` c \\${d}`\n')
})
