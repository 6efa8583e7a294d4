// Attention through landmarks against matrices written out here.
import { describe, expect, test } from 'vitest'
import type { ReferenceInputs } from '../../compiler/reference/inputs.ts'
import { segmentMeans } from '../../compiler/reference/segments.ts'
import { reference } from '../../compiler/reference/reference.ts'
import { exactTwin } from '../../compiler/semantics/model.ts'
import { Vector } from '../../compiler/reference/vector.ts'
import { modelOf } from './spec.ts'
import { distance, inner, inputsFor, numbers, rowAt } from './tensors.ts'

type Matrix = number[][]

const dim = 3
const spec = (settings: string): string => `attention a { dim: ${dim} kernel: exp(dot(q, k)) ${settings} }`
const rows = (tensor: ReferenceInputs['q'], count: number, from = 0): Matrix =>
  Array.from({ length: count }, (_, row) => rowAt(tensor, from + row, dim))

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, c) => row.reduce((sum, entry, t) => sum + entry * b[t]![c]!, 0)))
const flip = (a: Matrix): Matrix => a[0]!.map((_, c) => a.map((row) => row[c]!))
const shifted = (diagonal: number, a: Matrix): Matrix =>
  a.map((row, i) => row.map((entry, j) => (i === j ? diagonal - entry : -entry)))

function softmax(a: Matrix, b: Matrix): Matrix {
  return a.map((q) => {
    const weights = b.map((k) => Math.exp(inner(q, k)))
    const sum = weights.reduce((x, y) => x + y, 0)
    return weights.map((weight) => weight / sum)
  })
}

function through(q: Matrix, k: Matrix, v: Matrix, qm: Matrix, km: Matrix, steps: number): number[] {
  const a = softmax(qm, km)
  const columns = flip(a).map((column) => column.reduce((x, y) => x + y, 0))
  let z = flip(a).map((row) => row.map((entry) => entry / Math.max(...columns)))
  for (let step = 0; step < steps; step++) {
    const az = times(a, z)
    z = times(z, shifted(13, times(az, shifted(15, times(az, shifted(7, az)))))).map((row) =>
      row.map((entry) => entry / 4),
    )
  }
  return times(times(softmax(q, km), z), times(softmax(qm, k), v)).flat()
}

const averages = (a: Matrix, sizes: readonly number[]): Matrix => {
  let start = 0
  return sizes.map((size) => {
    const part = a.slice(start, (start += size))
    return part[0]!.map((_, c) => part.reduce((sum, row) => sum + row[c]!, 0) / size)
  })
}

describe('segment means', () => {
  test('where the segments do not divide the rows, the first are the shorter', () => {
    const means = segmentMeans(
      Array.from({ length: 11 }, (_, row) => Vector.ofNumbers([row])),
      4,
    )
    expect(means.map((mean) => mean.at(0).mantissa)).toEqual([0.5, 3, 6, 9])
  })

  test('queries and keys of different lengths have their own', () => {
    const model = modelOf(spec('landmarks: 3 segment_means pinv: 4'))
    const inputs = inputsFor(model, { length: 7, keyLength: 5 })
    const [q, k, v] = [rows(inputs.q, 7), rows(inputs.k, 5), rows(inputs.v, 5)]
    expect(
      distance(reference(model, inputs), through(q, k, v, averages(q, [2, 2, 3]), averages(k, [1, 2, 2]), 4)),
    ).toBeLessThan(1e-12)
  })

  test('key lengths shorten the segments', () => {
    const model = modelOf(spec('landmarks: 2 segment_means pinv: 3 conv: 3'))
    const inputs = { ...inputsFor(model, { length: 6, keyLength: 8 }), conv: numbers(3, 4) }
    const shorter = {
      ...inputs,
      k: inputs.k.subarray(0, 5 * dim),
      v: inputs.v.subarray(0, 5 * dim),
      keyLength: 5,
    }
    expect(reference(model, { ...inputs, lengths: [5] })).toEqual(reference(model, shorter))
    expect(reference(model, { ...inputs, lengths: [0] }).every((entry) => entry === 0)).toBe(true)
  })

  test('no more rows than landmarks is exact attention', () => {
    for (const length of [1, 4]) {
      const model = modelOf(spec('landmarks: 4 segment_means'))
      const inputs = inputsFor(model, { length, heads: 2 })
      expect(reference(model, inputs)).toEqual(reference(exactTwin(model)!, inputs))
    }
  })

  test('nor can fewer queries, or fewer keys, than landmarks have their means', () => {
    const model = modelOf(spec('landmarks: 4 segment_means'))
    for (const [length, keyLength] of [
      [1, 9],
      [9, 3],
    ] as const) {
      const inputs = inputsFor(model, { length, keyLength })
      expect(reference(model, inputs)).toEqual(reference(exactTwin(model)!, inputs))
    }
  })

  test('one row more is not', () => {
    const model = modelOf(spec('landmarks: 4 segment_means'))
    const inputs = inputsFor(model, { length: 5 })
    expect(distance(reference(model, inputs), reference(exactTwin(model)!, inputs))).toBeGreaterThan(1e-6)
  })

  test('the scale is on the rows, and so on their means', () => {
    const scaled = modelOf(spec('scale: 1 / 4 landmarks: 2 segment_means'))
    const inputs = inputsFor(scaled, { length: 6 })
    const halved = { ...inputs, q: inputs.q.map((x) => x / 2), k: inputs.k.map((x) => x / 2) }
    expect(
      distance(reference(scaled, inputs), reference(modelOf(spec('landmarks: 2 segment_means')), halved)),
    ).toBeLessThan(1e-12)
  })

  test('one batch item does not reach another', () => {
    const model = modelOf(spec('landmarks: 2 segment_means'))
    const inputs = inputsFor(model, { batch: 2, length: 5 })
    const large = inputs.k.map((entry, index) => (index < 5 * dim ? entry : entry * 9))
    const half = 5 * dim
    expect(reference(model, { ...inputs, k: large }).subarray(0, half)).toEqual(
      reference(model, inputs).subarray(0, half),
    )
  })

  test('a kernel that is no exponential is divided by its row sums', () => {
    const model = modelOf(
      `attention a { dim: ${dim} kernel: (2 + dot(q, k))^2 landmarks: 2 segment_means pinv: 25 }`,
    )
    const inputs = inputsFor(model, { length: 6 })
    const out = reference(model, { ...inputs, v: inputs.v.map(() => 1) })
    // With a converged inverse each factor has row sums 1, and so has their product.
    for (const entry of out) expect(Math.abs(entry - 1)).toBeLessThan(1e-9)
  })

  test('a query that weighs no landmark gives zeros', () => {
    const model = modelOf(`attention a { dim: ${dim} kernel: relu(dot(q, k)) landmarks: 2 segment_means }`)
    const inputs = inputsFor(model, { length: 6 })
    const q = inputs.q.map((entry, index) => (index < dim ? -1 : Math.abs(entry)))
    const out = reference(model, { ...inputs, q, k: inputs.k.map(Math.abs) })
    expect([...out.subarray(0, dim)]).toEqual([0, 0, 0])
    expect(out.subarray(dim).every((entry) => Number.isFinite(entry) && entry !== 0)).toBe(true)
  })

  test('entries of 1e4 stay finite', () => {
    const model = modelOf(spec('landmarks: 3 segment_means'))
    expect(reference(model, inputsFor(model, { length: 9, size: 1e4 })).every(Number.isFinite)).toBe(true)
  })
})

describe('learned landmarks', () => {
  const model = modelOf(spec('scale: 1 / 4 landmarks: 2 learned pinv: 5'))
  const inputs = inputsFor(model, { heads: 2, kvHeads: 1, length: 4 })
  const halved = (matrix: Matrix): Matrix => matrix.map((row) => row.map((entry) => entry / 2))
  const [k, v] = [halved(rows(inputs.k, 4)), rows(inputs.v, 4)]
  const landmarks = numbers(2 * 2 * dim, 8)
  const queryLandmarks = numbers(2 * 2 * dim, 9)
  const expected = (queries: Float64Array): number[] =>
    [0, 1].flatMap((head) =>
      through(
        halved(rows(inputs.q, 4, head * 4)),
        k,
        v,
        halved(rows(queries, 2, head * 2)),
        halved(rows(landmarks, 2, head * 2)),
        5,
      ),
    )

  test('are both q̃ and k̃, one set for each query head, scaled like rows', () => {
    expect(distance(reference(model, { ...inputs, landmarks }), expected(landmarks))).toBeLessThan(1e-12)
  })

  test('may be two sets', () => {
    expect(
      distance(reference(model, { ...inputs, landmarks, queryLandmarks }), expected(queryLandmarks)),
    ).toBeLessThan(1e-12)
  })

  test('must be given', () => {
    expect(() => reference(model, inputs)).toThrow(
      'landmarks: expected 2 × 2 × 3 = 12 numbers, found nothing',
    )
  })
})

describe('the convolution', () => {
  test('is centred, has one filter per head, and sees zeros beyond the ends', () => {
    const model = modelOf(spec('landmarks: 2 segment_means conv: 3'))
    const plain = modelOf(spec('landmarks: 2 segment_means'))
    const inputs = { ...inputsFor(model, { heads: 2, kvHeads: 1, length: 5 }), conv: numbers(6, 3) }
    const [out, without] = [reference(model, inputs), reference(plain, inputs)]
    const value = (j: number, c: number): number => (j < 0 || j > 4 ? 0 : inputs.v[j * dim + c]!)
    const expected = Array.from(without, (entry, index) => {
      const [head, i, c] = [Math.floor(index / 15), Math.floor(index / dim) % 5, index % dim]
      return entry + [-1, 0, 1].reduce((sum, t) => sum + inputs.conv[head * 3 + t + 1]! * value(i + t, c), 0)
    })
    expect(distance(out, expected)).toBeLessThan(1e-12)
  })

  test('is added to exact attention too', () => {
    const model = modelOf(spec('landmarks: 8 segment_means conv: 1'))
    const inputs = inputsFor(model, { length: 3 })
    const twice = reference(model, { ...inputs, conv: Float64Array.of(2) })
    const exact = reference(exactTwin(model)!, { ...inputs, conv: Float64Array.of(0) })
    expect(
      distance(
        twice,
        exact.map((entry, index) => entry + 2 * inputs.v[index]!),
      ),
    ).toBeLessThan(1e-12)
  })
})
