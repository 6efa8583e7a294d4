// The page "Coming from FlexAttention": what each attention of it means in PyTorch, as a score and a mask of a pair.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { published } from './call.ts'
import type { PublishedCall } from './call.ts'
import { dot, rotated, softmax, through } from './rows.ts'
import type { Row } from './rows.ts'

const page = readFileSync(new URL('../../../docs/flexattention.md', import.meta.url), 'utf8')
const texts = new Map(
  [...page.matchAll(/```attn\n([^]*?)```/g)].map(([, text = '']) => [
    /attention (\w+)/.exec(text)?.[1],
    text,
  ]),
)

// The pixels of a canvas of 8 × 8.
const sizes = { batch: 2, heads: 2, kvHeads: 1, valueHeads: 1, length: 64 }

/** A pair of rows of a head, and the tensors that a function of Python would capture. */
interface Pair {
  readonly i: number
  readonly j: number
  readonly head: number
  readonly q: Row
  readonly k: Row
  readonly weight: (name: string) => Row
}

interface Modified {
  readonly score?: (score: number, pair: Pair) => number
  readonly sees?: (pair: Pair) => boolean
  /** Inputs of integers, by row. */
  readonly integers?: (row: number, name: string) => number
}

const clamp = (x: number, least: number, most: number): number => Math.min(Math.max(x, least), most)
const div = (x: number, by: number): number => Math.floor(x / by)
/** With the sign of the divisor, as `%` of tensors. */
const mod = (x: number, by: number): number => x - by * div(x, by)
const isPast = ({ i, j }: Pair): boolean => j <= i
const distance = ({ i, j }: Pair): number => Math.abs(i - j)

const place = (row: number): number => (row * 7) % 4
const prefix = 11
const document = (row: number): number => div(row, 17)
const image = (row: number): number => (mod(row, 20) < 9 ? div(row, 20) : 0)
const [first, last] = [(row: number): number => row - 9, (row: number): number => row + (row % 5)]
const seesAround = (at: readonly [number, number], of: readonly [number, number], most: number): boolean =>
  at.every((x, axis) => Math.abs(clamp(x, 1, most) - of[axis]!) <= 1)
const pixel = (row: number): [number, number] => [div(row, 8), mod(row, 8)]
const tile = (row: number): [number, number] => [div(div(row, 4), 4), mod(div(row, 4), 4)]

const modified: Readonly<Record<string, Modified>> = {
  relative: { score: (score, { i, j }) => score + (i - j) },
  alibi: {
    score: (score, { i, j, head }) => score + 2 ** ((-8 * (head + 1)) / sizes.heads) * (j - i),
    sees: isPast,
  },
  capped: { score: (score) => 2 * Math.tanh(score / 2) },
  biased: { score: (score, pair) => score + pair.weight('bias')[Math.min(distance(pair), 7)]! },
  by_pair: { score: (score, { i, j, weight }) => score + weight('bias')[64 * i + j]! },
  heated: { score: (score, { i, weight }) => score * weight('warmth')[i]! },
  placed: {
    score: (score, { i, j, weight }) => score + weight('bias')[64 * place(i) + j]!,
    integers: place,
  },
  latent: {
    score: (_, { i, j, q, k }) =>
      (dot(q.slice(0, 16), k.slice(0, 16)) +
        dot(rotated(q.slice(16), i, 1e4), rotated(k.slice(16), j, 1e4))) /
      Math.sqrt(24),
    sees: isPast,
  },
  past: { sees: isPast },
  window: { sees: (pair) => isPast(pair) && distance(pair) <= 5 },
  dilated: { sees: (pair) => distance(pair) <= 8 && distance(pair) % 2 === 0 },
  streaming: { sees: (pair) => isPast(pair) && (distance(pair) <= 5 || pair.j < 4) },
  prefixed: { sees: (pair) => pair.j < prefix || isPast(pair), integers: () => prefix },
  documents: {
    sees: (pair) => isPast(pair) && document(pair.i) === document(pair.j),
    integers: document,
  },
  questions: {
    sees: (pair) => isPast(pair) && (document(pair.j) === 0 || document(pair.i) === document(pair.j)),
    integers: document,
  },
  transfusion: {
    sees: (pair) => isPast(pair) || (image(pair.i) === image(pair.j) && image(pair.j) > 0),
    integers: image,
  },
  looking: {
    sees: ({ i, j }) => first(j) <= i && i < last(j),
    integers: (row, name) => (name === 'first' ? first(row) : last(row)),
  },
  neighbourhood: { sees: ({ i, j }) => seesAround(pixel(i), pixel(j), 6) },
  tiles: { sees: ({ i, j }) => seesAround(tile(i), tile(j), 2) },
  video: {
    sees: ({ i, j, head }) =>
      i < 4 ||
      j < 4 ||
      (head % 2 === 0 ? Math.abs(i - j) < 24 : Math.abs(mod(i - 4, 12) - mod(j - 4, 12)) < 2),
  },
}

/** softmax(score(q·k/√d)) v over the keys that a row sees, and 0 where it sees none. */
function flexAttention(call: PublishedCall, { score, sees }: Modified): number[] {
  const root = Math.sqrt(call.model.dim)
  const out: number[] = []
  for (let item = 0; item < sizes.batch; item++)
    for (let head = 0; head < sizes.heads; head++) {
      const [q, k, v] = [call.rows('q', item, head), call.rows('k', item, head), call.rows('v', item, head)]
      const known = new Map<string, Row>()
      const weight = (name: string): Row => {
        const row = known.get(name) ?? call.weight(name, head)
        known.set(name, row)
        return row
      }
      q.forEach((row, i) => {
        const scores = k.map((key, j) => {
          const pair = { i, j, head, q: row, k: key, weight }
          if (sees?.(pair) === false) return -Infinity
          const plain = dot(row, key) / root
          return score === undefined ? plain : score(plain, pair)
        })
        const seesNone = scores.every((one) => one === -Infinity)
        out.push(...(seesNone ? v[0]!.map(() => 0) : through(softmax(scores), v)))
      })
    }
  return out
}

test('every attention of the page has its meaning here', () => {
  expect(new Set(texts.keys())).toEqual(new Set(Object.keys(modified)))
})

test.each(Object.entries(modified))('%s', (name, meaning) => {
  const call = published(texts.get(name) ?? '', sizes, meaning.integers)
  const expected = flexAttention(call, meaning)
  const apart = call.out.reduce((most, entry, n) => Math.max(most, Math.abs(entry - expected[n]!)), 0)
  expect(apart).toBeLessThan(1e-10)
})
