// The facts that records state of their operations, held to what the operations compute in float64.
import { describe, expect, test } from 'vitest'
import { fromModel } from '../../compiler/algebra/build.ts'
import { negativeWeights, orderOfKeys, undecodable } from '../../compiler/algebra/facts.ts'
import { interpret } from '../../compiler/algebra/interpret.ts'
import type { Call } from '../../compiler/algebra/interpret.ts'
import { operationsOf } from '../../compiler/algebra/operations/index.ts'
import type { RowOperation } from '../../compiler/algebra/rows.ts'
import { scattered } from '../../compiler/verification/cases/scatter.ts'
import { modelOf } from '../verification/verify-text.ts'

const [dim, length, kernel] = [3, 9, 'kernel: exp(dot(q, k))']

const settings: Readonly<Record<string, string>> = {
  pairs: kernel,
  'causal pairs': `${kernel} mask: causal`,
  'scores of both signs': 'kernel: dot(q, k)',
  'no denominator': `${kernel} normalize: none`,
  'a state': 'feature: elu1',
  'a causal state': 'feature: elu1 mask: causal decay: 0.5',
  'a state that rows change':
    'feature: x mask: causal normalize: none update: 0.9 * S + outer(k, v - 0.5 * read(k))',
  'rows behind a filter':
    'feature: x mask: causal normalize: none short_conv: 3 silu update: S + outer(k, v)',
  'features of places': 'feature: cosformer',
  means: `${kernel} landmarks: 3 segment_means`,
  'given rows': `${kernel} landmarks: 3 learned`,
  'a convolution': `${kernel} landmarks: 3 learned conv: 3`,
  'pooled rows': `${kernel} compress: 3 learned`,
  'mapped rows': 'kernel: exp(dot(unit(q), unit(k)))',
  'rows made of those of the result': `${kernel} mask: causal output: o + v`,
  'sums of mapped rows': `inputs: f scalar ${kernel} mask: causal decay: sigmoid(f)`,
  'rows mapped by their places': 'kernel: exp(dot(q, k) - 0.1 * j)',
}

const numbers = (stream: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, index) => 2 * scattered(stream, index) - 1)

const call: Call = {
  q: numbers(1, length * dim),
  k: numbers(2, length * dim),
  v: numbers(3, length * dim),
  batch: 1,
  heads: 1,
  kvHeads: 1,
  length,
  keyLength: length,
  inputs: { f: numbers(9, length) },
  weights: {
    landmarks: numbers(4, 3 * dim),
    queryLandmarks: numbers(5, 3 * dim),
    conv: numbers(6, 3),
    short_conv_q: numbers(9, 3 * dim),
    short_conv_k: numbers(10, 3 * dim),
    short_conv_v: numbers(11, 3 * dim),
    compressKeys: numbers(7, 3 * length),
    compressValues: numbers(8, 3 * length),
  },
}

/** Rows in an order that keeps no segment together. */
const shuffled = (rows: Call['k']): Float64Array =>
  Float64Array.from(
    rows,
    (_, index) => rows[((4 * Math.floor(index / dim) + 1) % length) * dim + (index % dim)]!,
  )

const beginning = (rows: Call['k'], count: number): Call['k'] => rows.subarray(0, count * dim)

const apart = (left: ArrayLike<number>, right: ArrayLike<number>): number =>
  Math.max(...Array.from(left, (value, index) => Math.abs(value - right[index]!)))

/** Whether an attention above has an operation of the kind; the reference alone knows how to compute the others. */
const isTried: Readonly<Record<RowOperation['kind'], boolean>> = {
  filter: true,
  map: true,
  accumulate: true,
  attend: true,
  carry: true,
  recur: true,
  near: false,
  means: true,
  product: true,
  inverse: true,
  convolve: true,
  either: true,
}

test('every operation that the algebra computes is tried', () => {
  const texts = Object.values(settings).map((text) => modelOf(`attention one { dim: ${dim} ${text} }`))
  const tried = new Set(
    texts.flatMap((model) => operationsOf(fromModel(model).steps)).map(({ kind }) => kind),
  )
  const promised = Object.entries(isTried).flatMap(([kind, tried]) => (tried ? [kind] : []))
  expect([...tried].sort()).toEqual(promised.sort())
})

describe.each(Object.entries(settings))('%s', (_, text) => {
  const attention = fromModel(modelOf(`attention one { dim: ${dim} ${text} }`))
  const of = (changed: Partial<Call> = {}): Float64Array => interpret(attention, { ...call, ...changed })!

  test('keys may come in another order where nothing forbids it', () => {
    const moved = of({ k: shuffled(call.k), v: shuffled(call.v) })
    expect(apart(moved, of()) < 1e-12).toBe(orderOfKeys(attention) === undefined)
  })

  test('rows are means of values where nothing forbids it', () => {
    const ones = call.v.map(() => 1)
    // The weights of one key, by values that are 1 at this key and 0 elsewhere.
    const weightsOf = (key: number): Float64Array =>
      of({ v: Float64Array.from(call.v, (__, index) => (Math.floor(index / dim) === key ? 1 : 0)) })
    const weights = Array.from({ length }, (__, key) => [...weightsOf(key)]).flat()
    const isMean = weights.every((weight) => weight > -1e-12) && apart(of({ v: ones }), ones) < 1e-12
    expect(isMean).toBe(negativeWeights(attention) === undefined)
  })

  test('a prefix gives its rows of the whole where the attention decodes', () => {
    const count = 5
    const short = of({
      q: beginning(call.q, count),
      k: beginning(call.k, count),
      v: beginning(call.v, count),
      length: count,
      keyLength: count,
    })
    expect(apart(short, of()) < 1e-12).toBe(undecodable(attention) === undefined)
  })
})
