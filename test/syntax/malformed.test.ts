// Ten thousand broken files: each is understood or refused with places, and none crashes or hangs.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { render, toJson } from '../../compiler/diagnostics/render.ts'
import { preludeSource } from '../../compiler/prelude.ts'
import { format } from '../../compiler/syntax/format.ts'
import { parse } from '../../compiler/syntax/parse.ts'
import { sameTree } from '../../compiler/syntax/same.ts'
import { check } from '../semantics/check.ts'

const specs = readdirSync(new URL('../../specs/', import.meta.url)).map((name) =>
  readFileSync(new URL(`../../specs/${name}`, import.meta.url), 'utf8').replaceAll(/^#.*\n/gm, ''),
)

const texts = [...specs, preludeSource.replaceAll(/^#.*\n/gm, '')]

const pieces =
  'feature attention query key kernel dim scale mask causal none x w q k head position exp dot outer 1 0 64 1e-4 1e999 2. .5 0x1 ( ) [ ] { } , : = + - * / % ^ && || ! < <= == != # \n \t \uFEFF · é 🙂 \u0000 \u0007 \uD800 " \' ; @ $'.split(
    ' ',
  )

/** mulberry32 */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

type Mutation = (text: string, below: (limit: number) => number) => string

const tokensOf = (text: string): string[] => text.match(/\s+|\w+|[^\w\s]+/g) ?? []

const mutations: readonly Mutation[] = [
  (text, below) => {
    const start = below(text.length)
    return text.slice(0, start) + text.slice(start + 1 + below(8))
  },
  (text, below) => {
    const at = below(text.length + 1)
    return `${text.slice(0, at)}${pieces[below(pieces.length)]}${text.slice(at)}`
  },
  (text, below) => {
    const tokens = tokensOf(text)
    const [a, b] = [below(tokens.length), below(tokens.length)]
    ;[tokens[a], tokens[b]] = [tokens[b] ?? '', tokens[a] ?? '']
    return tokens.join('')
  },
  (text, below) => {
    const tokens = tokensOf(text)
    tokens.splice(below(tokens.length), 1 + below(3), ` ${pieces[below(pieces.length)]} `)
    return tokens.join('')
  },
  (text, below) => text.slice(0, below(text.length)),
  (text, below) => {
    const start = below(text.length)
    return text + text.slice(start, start + below(60))
  },
  (_text, below) => Array.from({ length: below(60) }, () => pieces[below(pieces.length)]).join(' '),
  (_text, below) => String.fromCharCode(...Array.from({ length: below(200) }, () => below(256))),
  (_text, below) => String.fromCharCode(...Array.from({ length: below(80) }, () => below(0x10000))),
]

function mutated(seed: number): string {
  const below = generator(seed)
  let text = texts[below(texts.length)] ?? ''
  for (let rounds = 1 + below(4); rounds > 0; rounds--)
    text = mutations[below(mutations.length)]?.(text, below) ?? text
  return text
}

test('ten thousand malformed inputs', () => {
  let refused = 0
  const codes = new Set<string>()
  const started = performance.now()
  for (let seed = 0; seed < 10_000; seed++) {
    const text = mutated(seed)
    const source = { file: 'input.attn', text }
    const { diagnostics, models } = check(text)
    expect(diagnostics.length, text).toBeLessThanOrEqual(51)
    for (const diagnostic of diagnostics) {
      const { code, span, message } = diagnostic
      codes.add(code)
      const inside = 0 <= span.start && span.start <= span.end && span.end <= text.length
      expect(inside, `${code} ${JSON.stringify(span)} in ${JSON.stringify(text)}`).toBe(true)
      expect(message).toMatch(/\S/)
    }
    const [first] = diagnostics
    if (first !== undefined) {
      expect(render(first, source)).toContain('^')
      expect(toJson(first, source).line).toBeGreaterThan(0)
    }
    const wrong = diagnostics.some(({ severity }) => severity === 'error')
    if (wrong) refused++
    // Right as it stands: then it means something, and lays out as the same tree.
    else expect(models.length > 0 || diagnostics.length > 0, text).toBe(true)
    const laid = format(source).text
    if (laid === undefined) expect(parse(source).diagnostics.length).toBeGreaterThan(0)
    else if (!text.includes('#'))
      expect(sameTree(parse({ ...source, text: laid }).file, parse(source).file), text).toBe(true)
  }
  // The mutations must both break files and leave some of them right.
  expect(refused).toBeGreaterThan(7000)
  expect(refused).toBeLessThan(9990)
  expect(codes.size).toBeGreaterThan(25)
  expect(performance.now() - started).toBeLessThan(120_000)
}, 180_000)
