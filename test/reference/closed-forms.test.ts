// Small attentions against explicit loops, written here from the definitions and sharing nothing with the
// interpreter.
import { describe, expect, test } from 'vitest'
import type { ReferenceInputs } from '../../compiler/reference/inputs.ts'
import { reference } from '../../compiler/reference/reference.ts'
import { random } from '../../runtime/projection/index.ts'
import { modelOf } from './spec.ts'
import { distance, inner, inputsFor, numbers, rowAt } from './tensors.ts'

/** One head: rows of q, k, v in, rows out, from weights of pairs. */
function explicit(
  { q, k, v, length, keyLength }: ReferenceInputs,
  [dim, valueDim]: readonly [number, number],
  weight: (q: number[], k: number[], i: number, j: number) => number,
  { epsilon = 0, divide = true } = {},
): number[] {
  const out: number[] = []
  for (let i = 0; i < length; i++) {
    let sum = epsilon
    const row = Array.from({ length: valueDim }, () => 0)
    for (let j = 0; j < keyLength; j++) {
      const w = weight(rowAt(q, i, dim), rowAt(k, j, dim), i, j)
      sum += w
      for (let c = 0; c < valueDim; c++) row[c]! += w * v[j * valueDim + c]!
    }
    out.push(...row.map((entry) => (divide ? entry / sum : entry)))
  }
  return out
}

const mapped = (row: readonly number[], f: (entry: number) => number): number[] => row.map(f)

describe('exact attention', () => {
  test('softmax, with its own value width', () => {
    const model = modelOf('attention a { dim: 3 value_dim: 2 scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) }')
    const inputs = inputsFor(model, { length: 5, keyLength: 4 })
    expect(
      distance(
        reference(model, inputs),
        explicit(inputs, [3, 2], (q, k) => Math.exp(inner(q, k) / Math.sqrt(3))),
      ),
    ).toBeLessThan(1e-12)
  })

  test('a kernel that is no exponential, with epsilon', () => {
    const model = modelOf('attention a { dim: 3 kernel: (1 + dot(q, k))^2 epsilon: 0.5 mask: causal }')
    const inputs = inputsFor(model, { length: 6, keyLength: 8 })
    const weight = (q: number[], k: number[], i: number, j: number): number =>
      j <= i ? (1 + inner(q, k)) ** 2 : 0
    expect(
      distance(reference(model, inputs), explicit(inputs, [3, 3], weight, { epsilon: 0.5 })),
    ).toBeLessThan(1e-12)
  })

  test('the Gaussian kernel from norms', () => {
    const model = modelOf('attention a { dim: 2 kernel: exp(-norm(q - k)^2 / 2) normalize: none }')
    const inputs = inputsFor(model, { length: 4 })
    const weight = (q: number[], k: number[]): number =>
      Math.exp(-((q[0]! - k[0]!) ** 2 + (q[1]! - k[1]!) ** 2) / 2)
    expect(
      distance(reference(model, inputs), explicit(inputs, [2, 2], weight, { divide: false })),
    ).toBeLessThan(1e-12)
  })

  test('a mask in i, j and length', () => {
    const model = modelOf(
      'attention a { dim: 2 kernel: exp(dot(q, k)) mask: i >= j && i - j < 3 || j == length - 1 || random(i, j, 7) < 0.2 }',
    )
    const inputs = inputsFor(model, { length: 12, keyLength: 9 })
    const weight = (q: number[], k: number[], i: number, j: number): number =>
      (i >= j && i - j < 3) || j === 8 || random(i, j, 7) < 0.2 ? Math.exp(inner(q, k)) : 0
    expect(distance(reference(model, inputs), explicit(inputs, [2, 2], weight))).toBeLessThan(1e-12)
  })

  test.each(['', 'epsilon: 1', 'normalize: none'])('a row that sees no key gives zeros %s', (settings) => {
    const model = modelOf(`attention a { dim: 2 kernel: exp(dot(q, k)) ${settings} mask: j < i }`)
    const out = reference(model, inputsFor(model, { length: 3 }))
    expect([...out.subarray(0, 2)]).toEqual([0, 0])
    expect(out.subarray(2).every((entry) => entry !== 0)).toBe(true)
  })

  test('the mask sees as many keys as there are in the batch item', () => {
    const model = modelOf('attention a { dim: 2 kernel: exp(dot(q, k)) mask: j == length - 1 }')
    const inputs = { ...inputsFor(model, { batch: 2, length: 4 }), lengths: [2, 3] }
    const out = reference(model, inputs)
    for (let i = 0; i < 4; i++) {
      expect(distance(rowAt(out, i, 2), rowAt(inputs.v, 1, 2))).toBeLessThan(1e-12)
      expect(distance(rowAt(out, 4 + i, 2), rowAt(inputs.v, 4 + 2, 2))).toBeLessThan(1e-12)
    }
  })
})

describe('factorised attention', () => {
  const sum = (q: number[], k: number[], f: (x: number) => number): number =>
    inner(mapped(q, f), mapped(k, f))

  test('elu + 1', () => {
    const model = modelOf('attention a { dim: 3 feature: elu1 mask: causal epsilon: 1e-3 }')
    const inputs = inputsFor(model, { length: 6 })
    const f = (x: number): number => (x > 0 ? x + 1 : Math.exp(x))
    const weight = (q: number[], k: number[], i: number, j: number): number => (j <= i ? sum(q, k, f) : 0)
    expect(
      distance(reference(model, inputs), explicit(inputs, [3, 3], weight, { epsilon: 1e-3 })),
    ).toBeLessThan(1e-12)
  })

  test('the positive features of Performers, projected by a given matrix', () => {
    const model = modelOf('attention a { dim: 2 scale: 1 / 2 feature: favor projections: 3 iid }')
    const inputs = { ...inputsFor(model, { length: 4 }), projection: numbers(6, 9) }
    const feature = (x: number[], w: number[]): number => Math.exp(inner(w, x) / Math.SQRT2 - inner(x, x) / 4)
    const weight = (q: number[], k: number[]): number =>
      [0, 1, 2].reduce((total, row) => {
        const w = rowAt(inputs.projection, row, 2)
        return total + (feature(q, w) * feature(k, w)) / 3
      }, 0)
    expect(distance(reference(model, inputs), explicit(inputs, [2, 2], weight))).toBeLessThan(1e-12)
    expect(
      distance(
        reference({ ...model, normalize: 'none' }, inputs),
        explicit(inputs, [2, 2], weight, { divide: false }),
      ),
    ).toBeLessThan(1e-12)
  })

  test('the file draws its own matrix where none is given', () => {
    const spec = (seed: number): string =>
      `attention a { dim: 4 feature: favor projections: 8 orthogonal seed ${seed} }`
    const inputs = inputsFor(modelOf(spec(1)), { length: 5 })
    const [one, again, other] = [1, 1, 2].map((seed) => reference(modelOf(spec(seed)), inputs))
    expect(one).toEqual(again)
    expect(one).not.toEqual(other)
  })

  test('a row in which no key weighs anything gives zeros', () => {
    const model = modelOf('feature f(x) = relu(x) attention a { dim: 2 feature: f }')
    const inputs = inputsFor(model, { length: 3 })
    const q = inputs.q.map((entry, index) => (index < 2 ? -1 : Math.abs(entry)))
    const out = reference(model, { ...inputs, q, k: inputs.k.map(Math.abs) })
    expect([...out.subarray(0, 2)]).toEqual([0, 0])
    expect(out.subarray(2).every((entry) => entry !== 0)).toBe(true)
  })

  test('Taylor features are the kernel 1 + s + s²/2', () => {
    const model = modelOf('attention a { dim: 3 feature: taylor2 }')
    const inputs = inputsFor(model, { length: 5, keyLength: 7 })
    const weight = (q: number[], k: number[]): number => 1 + inner(q, k) + inner(q, k) ** 2 / 2
    expect(distance(reference(model, inputs), explicit(inputs, [3, 3], weight))).toBeLessThan(1e-12)
  })

  test('cosFormer features weigh by the cosine of the distance, each side by its own length', () => {
    const model = modelOf('attention a { dim: 3 feature: cosformer }')
    const inputs = inputsFor(model, { length: 5, keyLength: 7 })
    const weight = (q: number[], k: number[], i: number, j: number): number =>
      sum(q, k, (x) => Math.max(x, 0)) * Math.cos((Math.PI / 2) * (i / 5 - j / 7))
    expect(distance(reference(model, inputs), explicit(inputs, [3, 3], weight))).toBeLessThan(1e-12)
  })

  test('query and key may differ', () => {
    const model = modelOf(
      'feature f(x) = query [softmax(x), 1] key [exp(x), maximum(x)^2] attention a { dim: 3 feature: f }',
    )
    const inputs = inputsFor(model, { length: 4 })
    const weight = (q: number[], k: number[]): number => {
      const grown = mapped(q, Math.exp)
      return inner(grown, mapped(k, Math.exp)) / inner(grown, [1, 1, 1]) + Math.max(...k) ** 2
    }
    expect(distance(reference(model, inputs), explicit(inputs, [3, 3], weight))).toBeLessThan(1e-12)
  })

  test('decay is γ to the distance, by head', () => {
    const model = modelOf(
      'attention a { dim: 2 feature: identity normalize: none decay: 1 - 1 / (4 + head) mask: causal }',
    )
    const inputs = inputsFor(model, { heads: 2, length: 5 })
    const out = reference(model, inputs)
    for (const head of [0, 1]) {
      const part = (tensor: ReferenceInputs['q']): ReferenceInputs['q'] =>
        tensor.subarray(head * 10, head * 10 + 10)
      const one = { ...inputs, q: part(inputs.q), k: part(inputs.k), v: part(inputs.v) }
      const gamma = 1 - 1 / (4 + head)
      const weight = (q: number[], k: number[], i: number, j: number): number =>
        j <= i ? inner(q, k) * gamma ** (i - j) : 0
      expect(distance(part(out), explicit(one, [2, 2], weight, { divide: false }))).toBeLessThan(1e-12)
    }
  })
})

describe('stabilize: max, as the published code has it', () => {
  const inputs = (text: string): ReferenceInputs => ({
    ...inputsFor(modelOf(text), { length: 5, size: 2 }),
    projection: numbers(6, 9, 2),
  })

  /** Maxima of `part` over projections (and rows, for keys), then κ from features that use them. */
  function maximal(
    { q, k, projection }: ReferenceInputs,
    parts: ((x: number[], w: number[]) => number)[],
    features: (x: number[], w: number[], maximum: number) => number[],
  ): (q: number[], k: number[]) => number {
    const w = [0, 1, 2].map((row) => rowAt(projection!, row, 2))
    const highest = (x: number[]): number =>
      Math.max(...parts.flatMap((part) => w.map((row) => part(x, row))))
    const overall = Math.max(...[0, 1, 2, 3, 4].map((j) => highest(rowAt(k, j, 2))))
    expect(overall).not.toBe(highest(rowAt(q, 0, 2)))
    return (a, b) =>
      w.reduce((sum, row) => sum + inner(features(a, row, highest(a)), features(b, row, overall)) / 3, 0)
  }

  test('one block', () => {
    const text = 'attention a { dim: 2 feature: favor projections: 3 stabilize: max 0.01 mask: causal }'
    const given = inputs(text)
    const kappa = maximal(given, [(x, w) => inner(w, x)], (x, w, top) => [
      Math.exp(inner(w, x) - inner(x, x) / 2 - top) + 0.01,
    ])
    const weight = (q: number[], k: number[], i: number, j: number): number => (j <= i ? kappa(q, k) : 0)
    expect(distance(reference(modelOf(text), given), explicit(given, [2, 2], weight))).toBeLessThan(1e-12)
  })

  test('one maximum over all blocks, and over terms that w is buried in', () => {
    const text = `feature f(x, w) = [exp((dot(w, x) - dot(x, x)) / 2 - dot(w, w)) / 3, exp(-(dot(x, x) + dot(w, x)) * 3) + 1]
      attention a { dim: 2 feature: f projections: 3 stabilize: max 0.1 }`
    const given = inputs(text)
    const kappa = maximal(
      given,
      [(x, w) => inner(w, x) / 2 - inner(w, w), (x, w) => -3 * inner(w, x)],
      (x, w, top) => [
        (Math.exp((inner(w, x) - inner(x, x)) / 2 - inner(w, w) - top) + 0.1) / 3,
        Math.exp(-3 * inner(x, x) - 3 * inner(w, x) - top) + 0.1 + 1,
      ],
    )
    expect(
      distance(
        reference(modelOf(text), given),
        explicit(given, [2, 2], (q, k) => kappa(q, k)),
      ),
    ).toBeLessThan(1e-12)
  })

  test('an exponent that does not see w keeps its value and gets the addend', () => {
    const text = `feature f(x, w) = exp(dot(x, x) / 2) * cos(dot(w, x))
      attention a { dim: 2 feature: f projections: 3 stabilize: max 0.1 normalize: none }`
    const given = inputs(text)
    const feature = (x: number[], w: number[]): number =>
      (Math.exp(inner(x, x) / 2) + 0.1) * Math.cos(inner(w, x))
    const weight = (q: number[], k: number[]): number =>
      [0, 1, 2].reduce((sum, row) => {
        const w = rowAt(given.projection!, row, 2)
        return sum + (feature(q, w) * feature(k, w)) / 3
      }, 0)
    expect(
      distance(reference(modelOf(text), given), explicit(given, [2, 2], weight, { divide: false })),
    ).toBeLessThan(1e-12)
  })

  test('the maximum of the keys is over visible rows only', () => {
    const text = 'attention a { dim: 2 feature: favor projections: 3 stabilize: max 0.01 }'
    const given = inputs(text)
    const huge = Float64Array.from(given.k)
    huge.fill(5, 6)
    const lengths = [3]
    expect(reference(modelOf(text), { ...given, k: huge, lengths })).toEqual(
      reference(modelOf(text), { ...given, lengths }),
    )
  })
})

describe('mistakes in a call', () => {
  const model = modelOf('attention a { dim: 2 kernel: exp(dot(q, k)) }')
  const inputs = inputsFor(model, { length: 3, heads: 2 })

  test('say what was expected and what came', () => {
    expect(() => reference(model, { ...inputs, q: inputs.q.subarray(1) })).toThrow(
      'q: expected 1 × 2 × 3 × 2 = 12 numbers, found 11',
    )
    expect(() => reference(model, { ...inputs, kvHeads: 3 })).toThrow(
      'heads: expected a divisor of the largest head count (3), found 2',
    )
    expect(() => reference(model, { ...inputs, lengths: [4] })).toThrow(
      'lengths: expected integers from 0 to keyLength (3), found 4',
    )
    expect(() => reference(model, { ...inputs, length: Number.NaN })).toThrow(RangeError)
  })

  test('a head beyond those that the compiler looks at, with no decay', () => {
    const decaying = modelOf('attention a { dim: 1 feature: elu1 mask: causal decay: 1 - head / 64 }')
    expect(() => reference(decaying, inputsFor(decaying, { length: 2, heads: 65 }))).not.toThrow()
    expect(() => reference(decaying, inputsFor(decaying, { length: 2, heads: 66 }))).toThrow(
      'heads: expected a decay in [0, 1] for each, found -0.015625 for head 65',
    )
  })
})
