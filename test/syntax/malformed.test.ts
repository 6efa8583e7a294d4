// Ten thousand broken files: each is understood or refused with places, and none crashes or hangs.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { render, toJson } from '../../compiler/diagnostics/render.ts'
import { preludeSource } from '../../compiler/prelude.ts'
import { format } from '../../compiler/syntax/format.ts'
import { parse } from '../../compiler/syntax/parse.ts'
import { sameTree } from '../../compiler/syntax/same.ts'
import { check } from '../semantics/check.ts'
import { processorTime } from '../setup/processor-time.ts'

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

interface Outcome {
  readonly refused: boolean
  readonly codes: readonly string[]
  /** Promises that were not kept. */
  readonly broken: readonly string[]
}

function outcome(text: string): Outcome {
  const source = { file: 'input.attn', text }
  const { diagnostics, models } = check(text)
  const [first] = diagnostics
  const refused = diagnostics.some(({ severity }) => severity === 'error')
  const laid = format(source)
  const inside = diagnostics.every(
    ({ span }) => 0 <= span.start && span.start <= span.end && span.end <= text.length,
  )
  const promises = {
    'places are within the text': inside,
    'every message says something': diagnostics.every(({ message }) => /\S/.test(message)),
    'the list ends': diagnostics.length <= 51,
    'what is not refused means something': refused || models.length > 0 || diagnostics.length > 0,
    'a diagnostic has a frame': first === undefined || render(first, source).includes('^'),
    'a diagnostic has a line': first === undefined || toJson(first, source).line >= 1,
    'what is not laid out has a syntax error': laid.text !== undefined || laid.diagnostics.length > 0,
    // Comments inside expressions may change places, and so their order among the declarations.
    'layout keeps the tree':
      laid.text === undefined ||
      text.includes('#') ||
      sameTree(parse({ ...source, text: laid.text }).file, parse(source).file),
  }
  const broken = Object.entries(promises).flatMap(([promise, kept]) => (kept ? [] : [promise]))
  return { refused, codes: diagnostics.map(({ code }) => code), broken }
}

test('ten thousand malformed inputs', () => {
  const started = processorTime()
  let refused = 0
  const codes = new Set<string>()
  const failures: unknown[] = []
  for (let seed = 0; seed < 10_000; seed++) {
    const text = mutated(seed)
    const result = outcome(text)
    if (result.refused) refused++
    for (const code of result.codes) codes.add(code)
    if (result.broken.length > 0) failures.push({ seed, text, broken: result.broken })
  }
  expect(failures).toEqual([])
  // The mutations must both break files and leave some of them right.
  expect(refused).toBeGreaterThan(7000)
  expect(refused).toBeLessThan(9990)
  expect(codes.size).toBeGreaterThan(25)
  expect(processorTime() - started).toBeLessThan(120_000)
})
