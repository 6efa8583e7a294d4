// Features that never grow and may vanish: rows of weights that f32 does not hold, of which the mean is an ordinary number.
import { describe, expect, it } from 'vitest'
import type { Attention } from '../../runtime/index.ts'
import { onGpujs } from '../cells/harness.ts'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'
import {
  compileFor,
  compileOne,
  expected,
  forward,
  normals,
  onDevice,
  relativeError,
  tensors,
} from './harness.ts'
import type { Tensors } from './harness.ts'

/** Logarithms of the features of a row. */
type LogFeatures = (row: readonly number[]) => number[]

interface Subject {
  readonly text: string
  readonly logarithms: LogFeatures
  readonly mask?: 'none' | 'causal'
  readonly query?: Entry
  readonly key?: Entry
}
type Entry = (row: number, entry: number, normal: number) => number

const dim = 5
const length = 70
const logElu1: LogFeatures = (row) => row.map((x) => (x > 0 ? Math.log1p(x) : x))
const logSigmoid = (x: number): number => (x > 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x)))
/** log log(1 + exp x): for x far below 0 it is x less half of exp x. */
const logSoftplus = (x: number): number => (x < -30 ? x : Math.log(x > 30 ? x : Math.log1p(Math.exp(x))))
const logSoftmax: LogFeatures = (row) => {
  const largest = Math.max(...row)
  const sum = row.reduce((all, x) => all + Math.exp(x - largest), 0)
  return row.map((x) => x - largest - Math.log(sum))
}
/** Here and there below where an exponential is 0 in f32. */
const below: Entry = (row, _, normal) => (row % 3 === 0 ? -150 : -90) + 4 * normal
const lopsided =
  (favoured: number): Entry =>
  (_, entry, normal) =>
    normal + (entry % 2 === favoured ? 0 : -120)

const elu1 = 'feature: elu1'
const subjects: Readonly<Record<string, Subject>> = {
  'elu + 1, far below 0': { text: elu1, logarithms: logElu1, query: below, key: below },
  'elu + 1, all keys in sight': { text: elu1, logarithms: logElu1, mask: 'none', query: below, key: below },
  'elu + 1, rows of either kind': {
    text: elu1,
    logarithms: logElu1,
    key: (row, _, normal) => (row < 40 ? -200 + normal : normal),
    query: (row, _, normal) => (row % 2 === 0 ? normal : -60 + normal),
  },
  'elu + 1, queries and keys on different entries': {
    text: elu1,
    logarithms: logElu1,
    query: lopsided(0),
    key: lopsided(1),
  },
  'elu + 1, ever lower': { text: elu1, logarithms: logElu1, key: (row, _, normal) => -100 * row + normal },
  'elu + 1, ever higher': {
    text: elu1,
    logarithms: logElu1,
    key: (row, _, normal) => 100 * (row - 69) + normal,
  },
  'elu + 1 beside a one': {
    text: 'feature: both',
    logarithms: (row) => [...logElu1(row), ...logElu1(row.map((x) => -x))],
    query: lopsided(0),
    key: lopsided(0),
  },
  sigmoid: { text: 'feature: sigmoids', logarithms: (row) => row.map(logSigmoid), query: below, key: below },
  softplus: { text: 'feature: soft', logarithms: (row) => row.map(logSoftplus), query: below, key: below },
  softmax: { text: 'feature: shares', logarithms: logSoftmax, query: lopsided(0), key: lopsided(1) },
  'a decay beside them': { text: `${elu1} decay: 0.9`, logarithms: logElu1, query: below, key: below },
}

const textOf = ({ text, mask = 'causal' }: Subject): string => `
  feature sigmoids(x) = sigmoid(x)
  feature soft(x) = softplus(x)
  feature shares(x) = softmax(x)
  feature both(x) = [elu(x) + 1, elu(-x) + 1]
  attention a { dim: ${dim} ${text} mask: ${mask} }`

function inputsOf({ key, query }: Subject): Tensors {
  const made = (seed: number, entry: Entry = (_, __, normal) => normal): Float32Array<ArrayBuffer> =>
    normals(length * dim, seed).map((normal, n) => entry(Math.floor(n / dim), n % dim, normal))
  return { q: made(1, query), k: made(2, key), v: made(3) }
}

/** Means by the logarithms of their weights, each row's measured from its largest. */
function byLogarithms({ logarithms, mask, text }: Subject, { q, k, v }: Tensors): Float64Array {
  const gamma = text.includes('decay') ? 0.9 : 1
  const rows = (from: Float32Array): number[][] =>
    Array.from({ length }, (_, n) => logarithms([...from.subarray(n * dim, (n + 1) * dim)]))
  const keys = rows(k)
  return Float64Array.from(
    rows(q).flatMap((query, i) => {
      const logs = keys.slice(0, mask === 'none' ? length : i + 1).map((key, j) => {
        const each = key.map((log, f) => log + query[f]!)
        const top = Math.max(...each)
        return (
          top + Math.log(each.reduce((sum, log) => sum + Math.exp(log - top), 0)) + (i - j) * Math.log(gamma)
        )
      })
      const largest = Math.max(...logs)
      const weights = logs.map((log) => Math.exp(log - largest))
      const total = weights.reduce((a, b) => a + b)
      return Array.from({ length: dim }, (_, column) =>
        weights.reduce((sum, weight, j) => sum + (weight / total) * v[j * dim + column]!, 0),
      )
    }),
  )
}

/** The largest error of a token behind a prompt of 33; 0 where there is no recurrence. */
async function errorOfSteps(subject: Subject, attention: Attention, wanted: Float64Array): Promise<number> {
  if (subject.mask === 'none') return 0
  const { q, k, v } = inputsOf(subject)
  const rows = (from: number, to: number) => ({
    q: q.slice(from * dim, to * dim),
    k: k.slice(from * dim, to * dim),
    v: v.slice(from * dim, to * dim),
  })
  const { out, state } = await attention.prefill({ ...rows(0, 33), length: 33 })
  let largest = relativeError(out, wanted.subarray(0, 33 * dim))
  for (let token = 33; token < 45; token++) {
    const one = await attention.step(state, rows(token, token + 1))
    largest = Math.max(largest, relativeError(one, wanted.subarray(token * dim, (token + 1) * dim)))
  }
  state.destroy()
  return largest
}

const everywhere: (readonly [string, (text: string) => Promise<Attention>])[] = [
  ...enoughDevices.map(
    (name) => [name, async (text: string) => onDevice(compileOne(text), await testDevice(name))] as const,
  ),
  ['gpujs', (text: string) => onGpujs(compileFor('gpujs', text))],
]

const wide = (settings: string): string =>
  `feature both(x) = [elu(x) + 1, 1 / (1 + exp(-x))] attention a { dim: 6 value_dim: 70 feature: both ${settings} }`
const shape = { length: 40, keyLength: 75, batch: 2, heads: 4, kvHeads: 2, lengths: [75, 9] }

describe.each(['mask: causal', 'mask: none', 'mask: causal epsilon: 1e-50'])(
  'in groups and lengths, %s',
  (settings) => {
    it.each(everywhere)('on %s', async (_, open) => {
      const text = wide(settings)
      const built = compileOne(text)
      const { v, ...rows } = tensors(built, shape, 4, 3)
      const far = (from: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> =>
        from.map((entry) => entry - 120)
      const inputs = { q: rows.q, k: far(rows.k), v }
      const attention = await open(text)
      const out = await forward(attention, shape, inputs)
      expect(relativeError(out, expected(built, shape, inputs))).toBeLessThan(3e-5)
      attention.destroy()
    })
  },
)

// A state has features that are carried as they were summed, and features that were summed once more.
it.each(everywhere)('a token behind prompts of unequal length, in groups, on %s', async (_, open) => {
  const text = wide('mask: causal')
  const built = compileOne(text)
  const [heads, kvHeads, of] = [4, 2, 40]
  const prompts = { length: of, batch: 2, heads, kvHeads, lengths: [40, 9] }
  const made = tensors(built, prompts, 4)
  const token = tensors(built, { ...prompts, length: 1 }, 9)
  const half = made.k.length / 2
  const k = made.k.map((entry, n) => entry - (n >= half || n % 2 === 0 ? 120 : 0))
  const attention = await open(text)
  const { state } = await attention.prefill({
    ...prompts,
    ...made,
    k,
    lengths: Uint32Array.from(prompts.lengths),
  })
  const behind = token.k.map((entry) => entry - 120)
  const found = await attention.step(state, { ...token, k: behind })
  const wanted = prompts.lengths.flatMap((length, item) => {
    const whole = (prompt: Float32Array, one: Float32Array, count: number, width: number) => {
      const ofHead = (head: number) => [
        ...prompt.subarray(head * of * width, (head * of + length) * width),
        ...one.subarray(head * width, (head + 1) * width),
      ]
      return Float32Array.from(Array.from({ length: count }, (__, n) => ofHead(item * count + n)).flat())
    }
    const inputs = {
      q: whole(made.q, token.q, heads, 6),
      k: whole(k, behind, kvHeads, 6),
      v: whole(made.v, token.v, kvHeads, 70),
    }
    const rows = expected(built, { heads, kvHeads, length: length + 1 }, inputs)
    return Array.from({ length: heads }, (__, head) => {
      const end = (head + 1) * (length + 1) * 70
      return [...rows.subarray(end - 70, end)]
    }).flat()
  })
  expect(relativeError(found as Float32Array, wanted)).toBeLessThan(1e-4)
  state.destroy()
  attention.destroy()
})

describe.each(everywhere)('on %s', (_, open) => {
  it.each(Object.entries(subjects))('%s', async (__, subject) => {
    const attention = await open(textOf(subject))
    const inputs = inputsOf(subject)
    const wanted = byLogarithms(subject, inputs)
    // Exponents are f32 numbers of a few hundreds: their last digit is a few millionths of a weight.
    expect(relativeError(await forward(attention, { length }, inputs), wanted)).toBeLessThan(3e-5)
    expect(await errorOfSteps(subject, attention, wanted)).toBeLessThan(1e-4)
    attention.destroy()
  })
})
