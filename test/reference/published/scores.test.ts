// Specs of exact attention against transcriptions of the published layers: a matrix of logits, a mask, a softmax.
import { expect, test } from 'vitest'
import { reference } from '../../../compiler/index.ts'
import { sized, textOf } from '../../numeric/small-specs.ts'
import { published } from './call.ts'
import type { PublishedCall } from './call.ts'
import { dot, rotated, sigmoid, softmax, through } from './rows.ts'
import type { Row } from './rows.ts'

const sizes = { batch: 2, heads: 4, kvHeads: 2, valueHeads: 2, length: 13 }

type Logit = (q: Row, k: Row, i: number, j: number) => number

/** Softmax attention by logits, −∞ where a pair is masked; the rows of all heads, and their log-sums. */
function attended(
  call: PublishedCall,
  logitOf: (item: number, head: number) => Logit,
  sinkOf: (head: number) => number = () => -Infinity,
): { readonly out: number[]; readonly lse: number[] } {
  const out: number[] = []
  const lse: number[] = []
  for (let item = 0; item < sizes.batch; item++)
    for (let head = 0; head < sizes.heads; head++) {
      const [q, k, v] = [call.rows('q', item, head), call.rows('k', item, head), call.rows('v', item, head)]
      const logit = logitOf(item, head)
      const sink = sinkOf(head)
      q.forEach((row, i) => {
        const logits = k.map((key, j) => logit(row, key, i, j))
        out.push(...through(softmax(logits, sink), v))
        lse.push(Math.log(logits.reduce((sum, each) => sum + Math.exp(each), Math.exp(sink))))
      })
    }
  return { out, lse }
}

const scaled =
  (call: PublishedCall, visible: (i: number, j: number) => boolean, f: Logit): Logit =>
  (q, k, i, j) =>
    visible(i, j) ? f(q, k, i, j) : -Infinity

const causal = (i: number, j: number): boolean => j <= i
const root = ({ model: { dim } }: PublishedCall): number => 1 / Math.sqrt(dim)

test('gpt_oss: a window, rotary positions and a learned sink', () => {
  const call = published(sized('gpt_oss').replace('< 128', '< 5'), sizes)
  const logit = scaled(
    call,
    (i, j) => j <= i && i - j < 5,
    (q, k, i, j) => dot(rotated(q, i, 150000), rotated(k, j, 150000)) * root(call),
  )
  const { out, lse } = attended(
    call,
    () => logit,
    (head) => call.weight('s', head)[0]!,
  )
  expect(apart(call.out, out)).toBeLessThan(1e-10)
  const found = new Float64Array(lse.length)
  reference(sized('gpt_oss').replace('< 128', '< 5'), 'gpt_oss')({ ...call.inputs, lse: found })
  expect(apart([...found], lse)).toBeLessThan(1e-10)
})

test('gemma: capped scores', () => {
  const call = published(sized('gemma').replace('< 9', '< 6'), sizes)
  const logit = scaled(
    call,
    (i, j) => j <= i && i - j < 6,
    (q, k, i, j) => 50 * Math.tanh((dot(rotated(q, i, 1e4), rotated(k, j, 1e4)) * root(call)) / 50),
  )
  expect(apart(call.out, attended(call, () => logit).out)).toBeLessThan(1e-10)
})

test('alibi: slopes by head', () => {
  const call = published(sized('alibi'), sizes)
  const rows = attended(call, (_, head) => {
    const slope = 2 ** ((-8 * (head + 1)) / sizes.heads)
    return scaled(call, causal, (q, k, i, j) => dot(q, k) * root(call) - slope * (i - j))
  })
  expect(apart(call.out, rows.out)).toBeLessThan(1e-10)
})

/** T5Attention._relative_position_bucket, one-sided, with 32 buckets up to 128. */
function t5Bucket(distance: number): number {
  if (distance < 16) return distance
  return Math.min(16 + Math.trunc((Math.log(distance / 16) / Math.log(128 / 16)) * 16), 31)
}

test('t5: biases by buckets of distances', () => {
  const long = { ...sizes, batch: 1, length: 150 }
  const call = published(sized('t5'), long)
  const logitOf = (head: number): Logit => {
    const table = call.weight('table', head)
    return scaled(call, causal, (q, k, i, j) => dot(q, k) + table[t5Bucket(i - j)]!)
  }
  const [q, k, v] = [call.rows('q', 0, 1), call.rows('k', 0, 1), call.rows('v', 0, 1)]
  const width = call.model.valueDim
  for (const i of [0, 15, 16, 40, 149]) {
    const row = through(softmax(k.map((key, j) => logitOf(1)(q[i]!, key, i, j))), v)
    expect(apart(call.out.slice((long.length + i) * width, (long.length + i + 1) * width), row)).toBeLessThan(
      1e-10,
    )
  }
})

test('fox: gates between the rows', () => {
  const call = published(sized('fox'), { ...sizes, kvHeads: 4, valueHeads: 4 })
  const rows = attended(call, (item, head) => {
    const gates = call.numbers('f', item, head).map((f) => Math.log(sigmoid(f)))
    const between = (i: number, j: number): number =>
      gates.slice(j + 1, i + 1).reduce((sum, gate) => sum + gate, 0)
    return scaled(call, causal, (q, k, i, j) => dot(q, k) * root(call) + between(i, j))
  })
  expect(apart(call.out, rows.out)).toBeLessThan(1e-10)
})

test('rope_softmax: scores by distances', () => {
  const call = published(sized('rope_softmax'), sizes)
  const logit = scaled(call, causal, (q, k, i, j) => dot(rotated(q, i, 1e4), rotated(k, j, 1e4)) * root(call))
  expect(apart(call.out, attended(call, () => logit).out)).toBeLessThan(1e-10)
})

test('document_mask: rows of one document', () => {
  const document = (row: number): number => Math.floor(row / 4)
  const call = published(sized('document_mask'), sizes, document)
  const logit = scaled(
    call,
    (i, j) => j <= i && document(i) === document(j),
    (q, k) => dot(q, k) * root(call),
  )
  expect(apart(call.out, attended(call, () => logit).out)).toBeLessThan(1e-10)
})

test('a decay of pairs by entries enters the product', () => {
  const text = `attention a { dim: 4 inputs: g key vector(dim) kernel: exp(dot(q, k)) mask: causal decay: sigmoid(g) }`
  const call = published(text, sizes)
  const rows = attended(call, (item, head) => {
    const gates = call.rows('g', item, head).map((row) => row.map(sigmoid))
    const between = (i: number, j: number, c: number): number =>
      gates.slice(j + 1, i + 1).reduce((all, row) => all * row[c]!, 1)
    return scaled(call, causal, (q, k, i, j) =>
      q.reduce((sum, entry, c) => sum + entry * k[c]! * between(i, j, c), 0),
    )
  })
  expect(apart(call.out, rows.out)).toBeLessThan(1e-10)
})

test('a mask from the end, an output with a gate, tiled heads', () => {
  const text = `attention a {
    dim: 4 inputs: g query vector(value_dim) kernel: exp(dot(q, k)) mask: causal from end output: o * sigmoid(g)
  }`
  const call = published(text, { ...sizes, length: 6 })
  const cut = 2
  const { model, inputs } = call
  const q = inputs.q.slice(0, inputs.q.length)
  const found = reference(
    text,
    model.name,
  )({
    ...inputs,
    q: Float32Array.from({ length: (q.length * cut) / 6 }, (_, n) => {
      const [group, entry] = [Math.floor(n / (cut * 4)), n % (cut * 4)]
      return q[group * 6 * 4 + (6 - cut) * 4 + entry]!
    }),
    length: cut,
    headOrder: 'tiled',
    inputs: {
      g: Float32Array.from({ length: (q.length * cut) / 6 }, (_, n) => {
        const [group, entry] = [Math.floor(n / (cut * 4)), n % (cut * 4)]
        return inputs.inputs!['g']![group * 6 * 4 + (6 - cut) * 4 + entry]!
      }),
    },
  })
  const expected: number[] = []
  for (let item = 0; item < sizes.batch; item++)
    for (let head = 0; head < sizes.heads; head++) {
      // Heads of k and v are asked for as they are grouped: head h mod 2 is that of query head 2·(h mod 2).
      const tiled = 2 * (head % 2)
      const [rows, k, v] = [
        call.rows('q', item, head),
        call.rows('k', item, tiled),
        call.rows('v', item, tiled),
      ]
      const gates = call.rows('g', item, head)
      for (const i of [4, 5]) {
        const row = through(softmax(k.map((key, j) => (j <= i ? dot(rows[i]!, key) : -Infinity))), v)
        expected.push(...row.map((entry, c) => entry * sigmoid(gates[i]![c]!)))
      }
    }
  expect(apart([...found], expected)).toBeLessThan(1e-10)
})

/** The largest difference, relative to the size of what is expected. */
function apart(found: readonly number[], expected: readonly number[]): number {
  if (found.length !== expected.length) return Infinity
  const size = Math.sqrt(expected.reduce((sum, entry) => sum + entry * entry, 0) / expected.length)
  return Math.max(...found.map((entry, n) => Math.abs(entry - (expected[n] ?? NaN)))) / size
}

test('the windows of the specs are those of the models', () => {
  expect(textOf('gpt_oss')).toContain('i - j < 128')
  expect(textOf('gemma')).toContain('i - j < 4096')
})
