// Decay, long after the last key that matters: the weights are below what f32 holds, and their quotients are not.
import { describe, expect, it } from 'vitest'
import type { Built } from '../../compiler/pipeline.ts'
import type { Attention } from '../../runtime/index.ts'
import { onGpujs } from '../cells/harness.ts'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'
import { compileFor, compileOne, forward, normals, onDevice, relativeError } from './harness.ts'
import type { Sizes, Tensors } from './harness.ts'

type Feature = (row: Float64Array) => number[]

interface Subject {
  readonly settings: string
  readonly feature: Feature
  readonly gamma: number
  readonly epsilon?: number
  readonly length: number
  /** Keys in sight, where later ones are none at all. */
  readonly visible?: number
  /** What keys are made of, where not of normal numbers. */
  readonly key?: (row: number, entry: number, normal: number) => number
  readonly query?: (row: number, entry: number, normal: number) => number
}

const dim = 4
const elu1: Feature = (row) => Array.from(row, (x) => (x > 0 ? x + 1 : Math.exp(x)))
const relu: Feature = (row) => Array.from(row, (x) => Math.max(0, x))
const taylor: Feature = (row) => [
  1,
  ...row,
  ...Array.from(row, (a) => Array.from(row, (b) => (a * b) / Math.SQRT2)).flat(),
]

const subjects: Readonly<Record<string, Subject>> = {
  'no key in sight since row 40': {
    settings: 'feature: elu1 decay: 0.5',
    feature: elu1,
    gamma: 0.5,
    length: 300,
    visible: 40,
  },
  'the same as written': {
    settings: 'feature: elu1 decay: 0.5 stabilize: none',
    feature: elu1,
    gamma: 0.5,
    length: 300,
    visible: 40,
  },
  'a decay that f32 rounds, over many chunks': {
    settings: 'feature: taylor2 decay: 0.3',
    feature: taylor,
    gamma: 0.3,
    length: 700,
    visible: 33,
  },
  'with an epsilon': {
    settings: 'feature: elu1 decay: 0.5 epsilon: 1e-6',
    feature: elu1,
    gamma: 0.5,
    epsilon: 1e-6,
    length: 200,
    visible: 40,
  },
  'keys that are zero for 500 rows': {
    settings: 'feature: rectified decay: 0.5',
    feature: relu,
    gamma: 0.5,
    length: 560,
    key: (row, _, normal) => (row < 50 ? Math.abs(normal) : -1),
  },
  'an entry that no key had for 300 rows': {
    settings: 'feature: rectified decay: 0.4',
    feature: relu,
    gamma: 0.4,
    length: 340,
    key: (row, entry, normal) => (entry === 0 ? (row < 40 ? Math.abs(normal) : 0) : Math.abs(normal)),
    query: (row, entry, normal) => (row % 2 === 0 && entry > 0 ? 0 : Math.abs(normal)),
  },
  'keys that never were': {
    settings: 'feature: rectified decay: 0.5',
    feature: relu,
    gamma: 0.5,
    length: 200,
    key: () => -1,
  },
}

const textOf = ({ settings }: Subject): string =>
  `feature rectified(x) = relu(x) attention a { dim: ${dim} ${settings} mask: causal }`

function inputsOf({ length, key, query }: Subject): Tensors {
  const made = (seed: number, change: Subject['key']): Float32Array<ArrayBuffer> =>
    normals(length * dim, seed).map((normal, n) =>
      change === undefined ? normal : change(Math.floor(n / dim), n % dim, normal),
    )
  return { q: made(1, query), k: made(2, key), v: made(3, undefined) }
}

const sizesOf = ({ length, visible }: Subject): Sizes =>
  visible === undefined ? { length } : { length, lengths: [visible] }

/** Σ_j exp(l_ij) v_j / (Σ_j exp(l_ij) + ε), the logarithms l of the weights measured from the largest. */
function byLogarithms(
  { feature, gamma, epsilon = 0, length, visible = length }: Subject,
  { q, k, v }: Tensors,
): Float64Array {
  const row = (from: Float32Array, n: number): Float64Array =>
    Float64Array.from(from.subarray(n * dim, (n + 1) * dim))
  const keys = Array.from({ length: visible }, (_, j) => feature(row(k, j)))
  const out = new Float64Array(length * dim)
  for (let i = 0; i < length; i++) {
    const query = feature(row(q, i))
    const logs = keys.slice(0, i + 1).map((key, j) => {
      const score = key.reduce((sum, entry, f) => sum + entry * (query[f] ?? 0), 0)
      return score === 0 ? -Infinity : Math.log(score) + (i - j) * Math.log(gamma)
    })
    const largest = Math.max(...logs)
    if (largest === -Infinity) continue
    const weights = logs.map((log) => Math.exp(log - largest))
    const total = weights.reduce(
      (sum, weight) => sum + weight,
      epsilon === 0 ? 0 : epsilon * Math.exp(-largest),
    )
    for (let column = 0; column < dim; column++)
      out[i * dim + column] =
        weights.reduce((sum, weight, j) => sum + weight * (v[j * dim + column] ?? 0), 0) / total
  }
  return out
}

/** The error of all rows, and of the last ones apart; an epsilon leaves of those what f32 does not hold. */
async function errorsOf(subject: Subject, attention: Attention): Promise<{ whole: number; last: number }> {
  const inputs = inputsOf(subject)
  const wanted = byLogarithms(subject, inputs)
  const out = await forward(attention, sizesOf(subject), inputs)
  const last = (rows: Float32Array | Float64Array): typeof rows => rows.subarray(-32 * dim)
  return {
    whole: relativeError(out, wanted),
    last: subject.epsilon === undefined ? relativeError(last(out), last(wanted)) : 0,
  }
}

/** The largest error of a token; 0 where lengths hide keys, of which decoding has none. */
async function errorOfSteps(subject: Subject, attention: Attention): Promise<number> {
  if (subject.visible !== undefined) return 0
  const inputs = inputsOf(subject)
  const wanted = byLogarithms(subject, inputs)
  const rows = (from: number, to: number) => ({
    q: inputs.q.slice(from * dim, to * dim),
    k: inputs.k.slice(from * dim, to * dim),
    v: inputs.v.slice(from * dim, to * dim),
  })
  const prompt = 45
  const { state } = await attention.prefill({ ...rows(0, prompt), length: prompt })
  let largest = 0
  for (let token = prompt; token < subject.length; token++) {
    const one = await attention.step(state, rows(token, token + 1))
    const ofToken = wanted.subarray(token * dim, (token + 1) * dim)
    largest = Math.max(largest, relativeError(one, ofToken))
  }
  state.destroy()
  return largest
}

const everywhere: (readonly [string, (text: string) => Promise<Attention>])[] = [
  ...enoughDevices.map(
    (name) => [name, async (text: string) => onDevice(compileOne(text), await testDevice(name))] as const,
  ),
  ['gpujs', (text: string) => onGpujs(compileFor('gpujs', text) satisfies Built)],
]

describe.each(everywhere)('on %s', (_, open) => {
  it.each(Object.entries(subjects))('%s', async (__, subject) => {
    const attention = await open(textOf(subject))
    const { whole, last } = await errorsOf(subject, attention)
    expect(whole).toBeLessThan(5e-6)
    expect(last).toBeLessThan(5e-5)
    expect(await errorOfSteps(subject, attention)).toBeLessThan(5e-5)
    attention.destroy()
  })
})
