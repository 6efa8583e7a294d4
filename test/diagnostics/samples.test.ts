// Every code has a sample that shows it; what a person reads there is golden.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { env } from 'node:process'
import { describe, expect, test } from 'vitest'
import { explained } from '../../compiler/diagnostics/explanations.ts'
import { messages } from '../../compiler/diagnostics/messages.ts'
import { render } from '../../compiler/diagnostics/render.ts'
import { compile } from '../../compiler/index.ts'

const folder = new URL('samples/', import.meta.url)
const update = env['UPDATE_GOLDENS'] === '1'

const rows = Object.entries(messages)
const codes = rows.map(([, { code }]) => code)
const files = readdirSync(folder)

const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8')

test('no two messages have one code, and codes have one form', () => {
  expect(codes.toSorted()).toEqual([...new Set(codes)].sort())
  for (const code of codes) expect(code).toMatch(/^A0[1-9]\d\d$/)
})

test('there is a sample for every code and no other', () => {
  expect(files.filter((file) => file.endsWith('.attn')).sort()).toEqual(
    codes.map((code) => `${code}.attn`).sort(),
  )
  const goldens = files.filter((file) => file.endsWith('.txt'))
  expect(update ? [] : goldens.filter((file) => !codes.includes(file.slice(0, -4)))).toEqual([])
})

test('every code is explained: what it means, and what to do', () => {
  expect(explained.map(({ code }) => code)).toEqual(codes.toSorted())
  for (const { code, text } of explained) expect(`${code}: ${text}`).toMatch(/^A\d{4}: [A-Z].{30,}\.$/s)
})

describe.each(rows)('%s', (_name, { code, severity }) => {
  const text = read(`${code}.attn`)
  const { diagnostics } = compile(text)

  test('its sample shows it', () => {
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code)
    const severities = diagnostics
      .filter((diagnostic) => diagnostic.code === code)
      .map((found) => found.severity)
    expect([...new Set(severities)]).toEqual([severity])
  })

  test('its sample reads as the golden does', () => {
    const golden = `${code}.txt`
    const rendered = diagnostics
      .map((diagnostic) => `${render(diagnostic, { file: `${code}.attn`, text })}\n`)
      .join('\n')
    if (update) writeFileSync(new URL(golden, folder), rendered)
    const missing = `${golden} is missing; UPDATE_GOLDENS=1 writes it`
    expect(rendered).toBe(existsSync(new URL(golden, folder)) ? read(golden) : missing)
  })
})
