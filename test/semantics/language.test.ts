// The language reference: what it shows is right, and nothing of the language is left out of it.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { functionNames } from '../../compiler/semantics/functions.ts'
import { homes } from '../../compiler/semantics/scope.ts'
import { settingNames } from '../../compiler/semantics/settings/index.ts'
import { preludeSource } from '../../compiler/prelude.ts'
import { parse } from '../../compiler/syntax/parse.ts'
import { check } from './check.ts'

const page = readFileSync(new URL('../../docs/language.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/^```attn\n([^`]*)^```$/gm)].map(([, text]) => text ?? '')

test('there are examples, and each is right', () => {
  expect(examples.length).toBeGreaterThan(4)
  expect(examples.map((text) => check(text).diagnostics)).toEqual(examples.map(() => []))
})

test.each([
  ['settings', settingNames],
  ['functions', functionNames],
  ['names', [...homes.keys()]],
  [
    'standard features',
    parse({ file: 'prelude.attn', text: preludeSource }).file.declarations.map(({ name }) => name.text),
  ],
])('all %s are explained', (_, names) => {
  expect(names.filter((name) => !new RegExp(`\`${name}[\`(:]`).test(page))).toEqual([])
})

test('its links lead somewhere', () => {
  const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    (heading ?? '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9 _-]/g, '')
      .replaceAll(' ', '-'),
  )
  const links = [...page.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor ?? '')
  expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([])
})
