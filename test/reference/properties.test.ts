// What every attention must satisfy, whatever its spec: held on the reference itself, since everything else is
// held to the reference.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReferenceInputs } from '../../compiler/reference/inputs.ts'
import { reference, scores } from '../../compiler/reference/reference.ts'
import { exactTwin } from '../../compiler/semantics/model.ts'
import { modelOf } from './spec.ts'
import { distance, inner, inputsFor, numbers, rowAt } from './tensors.ts'

const dim = 4
const settings: Readonly<Record<string, string>> = {
  softmax: 'scale: 1 / sqrt(dim) kernel: exp(dot(q, k))',
  performer: 'scale: 1 / sqrt(dim) feature: favor projections: 8 iid',
  trigonometric: 'scale: 1 / 16 feature: favor_trigonometric projections: 32 iid',
  elu: 'feature: elu1',
  taylor: 'feature: taylor2',
  maximal: 'feature: favor projections: 8 stabilize: max 1e-3',
}
const spec = (name: string, more = ''): string => `attention a { dim: ${dim} ${settings[name]} ${more} }`
const names = Object.keys(settings)
const seed = 31
const runs = { seed, numRuns: 15 }

const shape = fc.record({
  length: fc.integer({ min: 1, max: 9 }),
  keyLength: fc.integer({ min: 1, max: 9 }),
  seed: fc.integer({ min: 1, max: 1e6 }),
})

describe.each(names)('%s', (name) => {
  test('keys may be permuted together with their values', () => {
    const model = modelOf(spec(name))
    fc.assert(
      fc.property(shape, (shape) => {
        const inputs = inputsFor(model, shape)
        const order = Array.from({ length: shape.keyLength }, (_, j) => j)
          .map((j) => ({ j, key: numbers(1, shape.seed + j)[0]! }))
          .sort((a, b) => a.key - b.key)
          .map(({ j }) => j)
        const permuted = (tensor: ReferenceInputs['k']): Float64Array =>
          Float64Array.from(order.flatMap((j) => rowAt(tensor, j, dim)))
        const shuffled = { ...inputs, k: permuted(inputs.k), v: permuted(inputs.v) }
        expect(distance(reference(model, shuffled), reference(model, inputs))).toBeLessThan(1e-9)
      }),
      runs,
    )
  })

  test('a constant value is preserved', () => {
    const model = modelOf(spec(name, 'mask: causal'))
    fc.assert(
      fc.property(shape, (shape) => {
        const inputs = inputsFor(model, shape)
        const out = reference(model, { ...inputs, v: inputs.v.map(() => 3) })
        for (const entry of out) expect(Math.abs(entry - 3)).toBeLessThan(1e-10)
      }),
      runs,
    )
  })

  test('key lengths are physically shorter keys, batch item by batch item', () => {
    const model = modelOf(spec(name))
    fc.assert(
      fc.property(shape, fc.integer({ min: 1, max: 9 }), (shape, cut) => {
        const visible = Math.min(cut, shape.keyLength)
        const inputs = inputsFor(model, { ...shape, batch: 2 })
        const out = reference(model, { ...inputs, lengths: [shape.keyLength, visible] })
        const half = out.length / 2
        expect(out.subarray(0, half)).toEqual(reference(model, inputs).subarray(0, half))
        const start = shape.keyLength * dim
        const shorter = (tensor: ReferenceInputs['k']): ReferenceInputs['k'] =>
          tensor.subarray(start, start + visible * dim)
        const alone = reference(model, {
          ...inputs,
          q: inputs.q.subarray(shape.length * dim),
          k: shorter(inputs.k),
          v: shorter(inputs.v),
          batch: 1,
          keyLength: visible,
        })
        expect(out.subarray(half)).toEqual(alone)
      }),
      runs,
    )
  })

  test('no visible key gives zeros', () => {
    const model = modelOf(spec(name))
    const inputs = inputsFor(model, { batch: 2, length: 3 })
    const out = reference(model, { ...inputs, lengths: [0, 3] })
    expect([...out.subarray(0, 3 * dim)]).toEqual(Array.from({ length: 3 * dim }, () => 0))
    expect(out.subarray(3 * dim).every((entry) => entry !== 0)).toBe(true)
  })

  test('grouped heads are repeated keys and values', () => {
    const model = modelOf(spec(name))
    const inputs = inputsFor(model, { batch: 2, heads: 6, kvHeads: 2, length: 3 })
    const block = 3 * dim
    const repeated = (tensor: ReferenceInputs['k']): Float64Array =>
      Float64Array.from([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3].flatMap((head) => rowAt(tensor, head, block)))
    const full = { ...inputs, k: repeated(inputs.k), v: repeated(inputs.v), kvHeads: 6 }
    expect(reference(model, inputs)).toEqual(reference(model, full))
  })

  test('scores are the weights of the output', () => {
    const model = modelOf(spec(name, 'mask: causal'))
    const inputs = inputsFor(model, { heads: 2, length: 5, keyLength: 6 })
    const { rows, columns, values } = scores(model, inputs, 0, 1)
    const expected = Array.from({ length: rows }, (_, i) => {
      const weights = rowAt(values, i, columns)
      const sum = weights.reduce((a, b) => a + b, 0)
      return Array.from({ length: dim }, (_, c) =>
        inner(
          weights,
          weights.map((_, j) => inputs.v[(6 + j) * dim + c]! / sum),
        ),
      )
    })
    expect(distance(reference(model, inputs).subarray(5 * dim), expected.flat())).toBeLessThan(1e-10)
  })
})

describe('causal', () => {
  /** The output, and that of other keys and values from row `first` on. */
  function disturbed(
    name: string,
    length: number,
    first: number,
    seed: number,
  ): [Float64Array, Float64Array] {
    const model = modelOf(spec(name, 'mask: causal'))
    const inputs = inputsFor(model, { length, seed })
    const other = (tensor: ReferenceInputs['k']): ReferenceInputs['k'] =>
      tensor.map((entry, index) => (index < first * dim ? entry : entry * 40 + 3))
    return [reference(model, inputs), reference(model, { ...inputs, k: other(inputs.k), v: other(inputs.v) })]
  }

  test.each(names.filter((name) => name !== 'maximal'))(
    '%s: no row depends on later keys, to the bit',
    (name) => {
      fc.assert(
        fc.property(fc.integer({ min: 2, max: 9 }), fc.nat(), fc.nat(), (length, seed, at) => {
          const first = 1 + (at % (length - 1))
          const [out, changed] = disturbed(name, length, first, seed)
          expect(changed.subarray(0, first * dim)).toEqual(out.subarray(0, first * dim))
          expect(changed.subarray(first * dim)).not.toEqual(out.subarray(first * dim))
        }),
        runs,
      )
    },
  )

  test('`stabilize: max` does let later keys reach earlier rows, as the published code does', () => {
    const [out, changed] = disturbed('maximal', 6, 5, 1)
    expect(changed.subarray(0, 5 * dim)).not.toEqual(out.subarray(0, 5 * dim))
  })
})

test('decay 1 is no decay, and decay 0.5 halves with each step', () => {
  const plain = modelOf(spec('elu', 'mask: causal'))
  const inputs = inputsFor(plain, { length: 6 })
  expect(reference(modelOf(spec('elu', 'mask: causal decay: 1')), inputs)).toEqual(reference(plain, inputs))
  const one = scores(plain, inputs)
  const half = scores(modelOf(spec('elu', 'mask: causal decay: 0.5')), inputs)
  for (let i = 0; i < 6; i++)
    for (let j = 0; j <= i; j++)
      expect(half.values[i * 6 + j]! * Math.exp(half.logs[i]!)).toBeCloseTo(
        one.values[i * 6 + j]! * Math.exp(one.logs[i]!) * 0.5 ** (i - j),
        12,
      )
})

test('decay 0 leaves each row itself alone', () => {
  const plain = modelOf(spec('elu', 'mask: causal'))
  const inputs = inputsFor(plain, { length: 6 })
  const [one, none] = [scores(plain, inputs), scores(modelOf(spec('elu', 'mask: causal decay: 0')), inputs)]
  for (let i = 0; i < 6; i++)
    for (let j = 0; j < 6; j++)
      expect(none.values[i * 6 + j]! * Math.exp(none.logs[i]!)).toBeCloseTo(
        i === j ? one.values[i * 6 + j]! * Math.exp(one.logs[i]!) : 0,
        12,
      )
})

test('auto and none are one function: the mathematical one', () => {
  const inputs = inputsFor(modelOf(spec('performer')), { length: 5, size: 3 })
  expect(reference(modelOf(spec('performer', 'stabilize: none')), inputs)).toEqual(
    reference(modelOf(spec('performer')), inputs),
  )
})

describe('large inputs', () => {
  /** Rows of log κ, to a row of outputs: the softmax in logarithms. */
  function fromLogs(logs: readonly number[], values: ReferenceInputs['v'], width: number): number[] {
    const top = Math.max(...logs)
    const weights = logs.map((log) => Math.exp(log - top))
    const sum = weights.reduce((a, b) => a + b, 0)
    return Array.from({ length: width }, (_, c) =>
      weights.reduce((out, weight, j) => out + (weight / sum) * values[j * width + c]!, 0),
    )
  }

  const logSum = (logs: readonly number[]): number => {
    const top = Math.max(...logs)
    return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0))
  }

  // A log of size 1e9 has a last place of 1e-7, and two ways to it differ by a few.
  test.each([
    [100, 1e-10],
    [1e4, 1e-5],
  ])('softmax at entries of %d', (size, tolerance) => {
    const model = modelOf(spec('softmax', 'mask: causal'))
    const inputs = inputsFor(model, { length: 12, size })
    const out = reference(model, inputs)
    const expected = Array.from({ length: 12 }, (_, i) =>
      fromLogs(
        Array.from({ length: i + 1 }, (_, j) => inner(rowAt(inputs.q, i, dim), rowAt(inputs.k, j, dim)) / 2),
        inputs.v,
        dim,
      ),
    )
    expect(out.every(Number.isFinite)).toBe(true)
    expect(distance(out, expected.flat())).toBeLessThan(tolerance)
  })

  test.each([
    [100, 1e-9],
    [1e4, 1e-5],
  ])('positive features at entries of %d, their large entries in different places', (size, tolerance) => {
    const model = modelOf(spec('performer'))
    const inputs = { ...inputsFor(model, { length: 12, size }), projection: numbers(8 * dim, 5, 2) }
    const out = reference(model, inputs)
    const log = (x: number[], w: number[]): number => inner(w, x) / Math.SQRT2 - inner(x, x) / 4
    const expected = Array.from({ length: 12 }, (_, i) =>
      fromLogs(
        Array.from({ length: 12 }, (_, j) =>
          logSum(
            Array.from({ length: 8 }, (_, row) => {
              const w = rowAt(inputs.projection, row, dim)
              return log(rowAt(inputs.q, i, dim), w) + log(rowAt(inputs.k, j, dim), w)
            }),
          ),
        ),
        inputs.v,
        dim,
      ),
    )
    expect(out.every(Number.isFinite)).toBe(true)
    expect(distance(out, expected.flat())).toBeLessThan(tolerance)
  })

  test('elu + 1 where every entry is far below zero', () => {
    const model = modelOf(spec('elu'))
    const { q, k, v, ...rest } = inputsFor(model, { length: 6, size: 500 })
    const below = (tensor: ReferenceInputs['q']): Float64Array =>
      Float64Array.from(tensor, (x) => -Math.abs(x) - 50)
    const inputs = { ...rest, q: below(q), k: below(k), v }
    const expected = Array.from({ length: 6 }, (_, i) =>
      fromLogs(
        Array.from({ length: 6 }, (_, j) =>
          logSum(Array.from({ length: dim }, (_, t) => inputs.q[i * dim + t]! + inputs.k[j * dim + t]!)),
        ),
        v,
        dim,
      ),
    )
    expect(distance(reference(model, inputs), expected.flat())).toBeLessThan(1e-11)
  })

  test.each(['cosh(x)', 'exp(x) + 1', '[exp(x), exp(-x)]', 'softplus(x)', 'sigmoid(x)', 'softmax(x)'])(
    '%s stays finite and preserves a constant',
    (body) => {
      const model = modelOf(`feature f(x) = ${body} attention a { dim: ${dim} feature: f mask: causal }`)
      const inputs = inputsFor(model, { length: 8, size: 1e4 })
      const out = reference(model, { ...inputs, v: inputs.v.map(() => 2) })
      for (const entry of out) expect(Math.abs(entry - 2)).toBeLessThan(1e-6)
    },
  )
})

describe('the exact twin', () => {
  test('of a factorised attention is its kernel', () => {
    const kernel = 'kernel: exp(dot(q, k))'
    const twin = exactTwin(modelOf(spec('performer', `mask: causal ${kernel}`)))!
    const softmax = modelOf(spec('softmax', 'mask: causal'))
    const inputs = inputsFor(softmax, { length: 5 })
    expect(reference(twin, inputs)).toEqual(reference(softmax, inputs))
  })

  test('is what many projections come near to', () => {
    const model = modelOf(
      `attention a { dim: ${dim} scale: 1 / 4 kernel: exp(dot(q, k)) feature: favor projections: 4000 orthogonal }`,
    )
    const inputs = inputsFor(model, { length: 8 })
    expect(distance(reference(model, inputs), reference(exactTwin(model)!, inputs))).toBeLessThan(0.01)
  })

  test('is absent where the features are the definition', () => {
    expect(exactTwin(modelOf(spec('elu')))).toBeUndefined()
  })
})
