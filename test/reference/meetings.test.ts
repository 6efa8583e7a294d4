// Rows that a hash brings together, against a softmax for each round written out here.
import { describe, expect, test } from 'vitest'
import { chunksOf } from '../../compiler/reference/meetings.ts'
import type { ReferenceInputs } from '../../compiler/reference/inputs.ts'
import { reference } from '../../compiler/reference/reference.ts'
import { Vector } from '../../compiler/reference/vector.ts'
import { modelOf } from './spec.ts'
import { distance, inner, inputsFor, numbers, rowAt } from './tensors.ts'

const dim = 4
const spec = (settings: string): string =>
  `attention a { dim: ${dim} scale: 0.5 kernel: exp(dot(q, k)) ${settings} }`
const rows = (tensor: ReferenceInputs['q'], from: number, count: number): number[][] =>
  Array.from({ length: count }, (_, row) => rowAt(tensor, from + row, dim))

interface Hash {
  /** For each round, its rotations. */
  readonly rotations: number[][][]
  readonly chunk: number
}

type Sees = (i: number, j: number) => boolean
const everything: Sees = () => true

/** Round by round: sort, chunk, softmax of what the chunk and the one before it hold; then by log-sum-exp. */
function byHand(x: number[][], v: number[][], { rotations, chunk }: Hash, sees = everything): number[][] {
  const found = rotations.map((round) => {
    const buckets = x.map((row) => {
      const sides = round.map((rotation) => inner(row, rotation))
      const both = [...sides, ...sides.map((side) => -side)]
      return both.indexOf(Math.max(...both))
    })
    const order = buckets.map((_, row) => row).sort((a, b) => buckets[a]! - buckets[b]! || a - b)
    return x.map((row, i) => {
      const mine = Math.floor(order.indexOf(i) / chunk)
      const others = order
        .slice(Math.max(0, mine - 1) * chunk, (mine + 1) * chunk)
        .filter((j) => sees(i, j))
        .map((j) => {
          const length = Math.hypot(...x[j]!)
          return { j, logit: i === j ? -1e5 : (0.5 * inner(row, x[j]!)) / length }
        })
      const top = Math.max(...others.map(({ logit }) => logit))
      const sum = others.reduce((total, { logit }) => total + Math.exp(logit - top), 0)
      const out = v[0]!.map((_, t) =>
        others.reduce((total, { j, logit }) => total + (Math.exp(logit - top) / sum) * v[j]![t]!, 0),
      )
      return { out, log: top + Math.log(sum) }
    })
  })
  return x.map((_, i) => {
    const parts = found.map((round) => round[i]!)
    const top = Math.max(...parts.map(({ log }) => log))
    const weights = parts.map(({ log }) => Math.exp(log - top))
    const total = weights.reduce((a, b) => a + b, 0)
    return v[0]!.map((_, t) => parts.reduce((sum, { out }, r) => sum + (weights[r]! / total) * out[t]!, 0))
  })
}

/** The hash of `rounds` rounds with `half` rotations each, from rows of a matrix. */
const hash = (matrix: ArrayLike<number>, rounds: number, half: number, chunk: number): Hash => ({
  rotations: Array.from({ length: rounds }, (_, round) =>
    Array.from({ length: half }, (_, row) => rowAt(matrix, round * half + row, dim)),
  ),
  chunk,
})

describe('rounds of chunks', () => {
  const length = 23
  test.each([
    ['one round', 1, 4, 4],
    ['two rounds', 2, 4, 5],
    ['chunks of one row', 3, 6, 1],
    ['a chunk for all', 2, 2, 23],
  ])('%s', (_, rounds, count, chunk) => {
    const model = modelOf(spec(`buckets: ${count} rounds ${rounds} chunk ${chunk}`))
    const inputs = inputsFor(model, { batch: 2, heads: 2, kvHeads: 1, length, size: 3 })
    const projection = numbers((rounds * count * dim) / 2, 40)
    const expected = [0, 1, 2, 3].flatMap((head) =>
      byHand(
        rows(inputs.q, head * length, length),
        rows(inputs.v, Math.floor(head / 2) * length, length),
        hash(projection, rounds, count / 2, chunk),
      ).flat(),
    )
    expect(distance(reference(model, { ...inputs, projection }), expected)).toBeLessThan(1e-13)
  })

  test('a mask is held against places in the sequence, and a row that sees itself alone gives its value', () => {
    const model = modelOf(spec('buckets: 4 rounds 2 chunk 6 mask: i >= j && i - j < 9'))
    const inputs = inputsFor(model, { length, size: 3 })
    const projection = numbers(4 * dim, 41)
    const out = reference(model, { ...inputs, projection })
    const sees: Sees = (i, j) => i >= j && i - j < 9
    const values = rows(inputs.v, 0, length)
    const expected = byHand(rows(inputs.q, 0, length), values, hash(projection, 2, 2, 6), sees)
    expect(distance(out, expected.flat())).toBeLessThan(1e-13)
    expect([...out.subarray(0, dim)]).toEqual(values[0])
  })

  test('rows past the end are as if absent: neither met nor given anything', () => {
    const model = modelOf(spec('buckets: 4 rounds 2 chunk 3'))
    const inputs = inputsFor(model, { length, size: 3 })
    const shorter = {
      ...inputs,
      q: inputs.q.subarray(0, 14 * dim),
      k: inputs.k.subarray(0, 14 * dim),
      v: inputs.v.subarray(0, 14 * dim),
      length: 14,
      keyLength: 14,
    }
    const out = reference(model, { ...inputs, lengths: [14] })
    expect(out.subarray(0, 14 * dim)).toEqual(reference(model, shorter))
    expect(Math.max(...out.subarray(14 * dim).map(Math.abs))).toBe(0)
  })

  test('keys are not read, and there are as many as queries', () => {
    const model = modelOf(spec('buckets: 4'))
    const inputs = inputsFor(model, { length: 6 })
    expect(reference(model, { ...inputs, k: numbers(6 * dim, 99) })).toEqual(reference(model, inputs))
    expect(() => reference(model, inputsFor(model, { length: 6, keyLength: 5 }))).toThrow(
      /keyLength: .*found 5/,
    )
  })
})

test('a chunk as long as the sequence: softmax over the other rows, in any number of rounds', () => {
  const length = 9
  const values = inputsFor(modelOf(spec('buckets: 2')), { length, size: 4 })
  const x = rows(values.q, 0, length)
  const expected = x.flatMap((row, i) => {
    const weights = x.map((other, j) =>
      i === j ? 0 : Math.exp((0.5 * inner(row, other)) / Math.hypot(...other)),
    )
    const total = weights.reduce((a, b) => a + b, 0)
    return Array.from({ length: dim }, (_, t) =>
      weights.reduce((sum, weight, j) => sum + (weight / total) * values.v[j * dim + t]!, 0),
    )
  })
  for (const settings of ['buckets: 8 rounds 1 chunk 9', 'buckets: 2 rounds 5 chunk 64 seed 3'])
    expect(distance(reference(modelOf(spec(settings)), values), expected)).toBeLessThan(1e-13)
})

test('opposite rows fall into opposite buckets, and rounds differ', () => {
  const all = Array.from({ length: 200 }, (_, row) => Vector.ofNumbers(numbers(dim, row)))
  const rotations = Array.from({ length: 6 }, (_, row) => Vector.ofNumbers(numbers(dim, 500 + row)))
  const bucket = (row: Vector): number => {
    // Alone in the middle of one row of each bucket: its chunk is its bucket.
    const axes = rotations.slice(0, 3).flatMap((rotation) => [rotation, negated(rotation)])
    const chunks = chunksOf([...axes, row], rotations, { count: 6, rounds: 1, chunk: 1, seed: 0 })
    return chunks[0]![6]!
  }
  const negated = (row: Vector): Vector => Vector.ofNumbers(row.mantissa.map((entry) => -entry))
  for (const row of all.slice(0, 20)) expect((bucket(negated(row)) - bucket(row) + 12) % 6).toBe(3)
  const [first, second] = chunksOf(all, rotations, { count: 6, rounds: 2, chunk: 10, seed: 0 })
  expect(first).not.toEqual(second)
})
