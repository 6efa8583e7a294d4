// Attention through landmarks against the float64 reference with the same number of steps.
//
// Tolerance. Rounding in a direction that A does not span grows by 13/4 a step, so that f32 keeps
// 2e-5 up to about 12 steps, whatever the rows, and 2e-3 at 20 where A is singular in f32 (measured
// on SwiftShader with 64 landmarks, deviations of the rows from 0.25 to 1e4).
import { describe, expect, it, test } from 'vitest'
import type { Built } from '../../compiler/pipeline.ts'
import { enoughDevices, testDevice } from '../setup/test-devices.ts'
import { compileOne, expected, forward, normals, onDevice, relativeError, tensors } from './harness.ts'
import type { Sizes, Weights } from './harness.ts'
import { interpreted } from './interpreted.ts'

const tolerance = 2e-5

const compiled = (settings: string): Built => compileOne(`attention a { ${settings} }`)

function weightsOf({ model }: Built, heads: number, sets: 1 | 2 = 1): Weights {
  const { landmarks, dim } = model
  if (landmarks === undefined) throw new Error('an attention with landmarks is tested')
  const { count, source, conv } = landmarks
  return {
    ...(source === 'learned' && { landmarks: normals(heads * count * dim, 71) }),
    ...(source === 'learned' && sets === 2 && { queryLandmarks: normals(heads * count * dim, 72) }),
    ...(conv !== undefined && { conv: normals(heads * conv, 73, 0.3) }),
  }
}

interface Case {
  readonly what: string
  readonly settings: string
  readonly sizes: Sizes
  readonly sets?: 1 | 2
}

const softmax = 'scale: 1 / 2 kernel: exp(dot(q, k))'

const cases: readonly Case[] = [
  {
    what: 'uneven segments, grouped heads, more queries than keys, short items among long ones',
    settings: `dim: 6 value_dim: 5 ${softmax} landmarks: 5 segment_means conv: 5`,
    sizes: { batch: 4, heads: 4, kvHeads: 2, length: 37, keyLength: 23, lengths: [23, 6, 5, 0] },
  },
  {
    what: 'no more queries than landmarks',
    settings: `dim: 3 ${softmax} landmarks: 5 segment_means`,
    sizes: { batch: 2, heads: 2, length: 5, keyLength: 23, lengths: [23, 0] },
  },
  {
    what: 'one landmark',
    settings: `dim: 3 ${softmax} landmarks: 1 segment_means pinv: 1`,
    sizes: { length: 2, keyLength: 7 },
  },
  {
    what: 'more landmarks than a tile has rows, keys in several parts, an odd number of steps',
    settings: 'dim: 3 value_dim: 34 kernel: exp(dot(q, k)) landmarks: 35 segment_means pinv: 3',
    sizes: { length: 36, keyLength: 530 },
  },
  {
    what: 'a kernel without an exponent',
    settings: 'dim: 4 kernel: relu(dot(q, k)) + 0.1 landmarks: 4 segment_means conv: 1',
    sizes: { batch: 2, length: 9, keyLength: 300, lengths: [300, 8] },
  },
  {
    what: 'a kernel with a coefficient, evaluated as written',
    settings: 'dim: 4 kernel: dot(q, k)^2 * exp(dot(q, k) / 4) landmarks: 3 segment_means stabilize: none',
    sizes: { length: 9 },
  },
  {
    what: 'learned landmarks, one set',
    settings: `dim: 6 value_dim: 5 ${softmax} landmarks: 7 learned conv: 3`,
    sizes: { batch: 3, heads: 4, kvHeads: 2, length: 11, keyLength: 290, lengths: [290, 5, 0] },
  },
  {
    what: 'learned landmarks, two sets',
    settings: `dim: 6 ${softmax} landmarks: 34 learned pinv: 3`,
    sizes: { heads: 2, kvHeads: 1, length: 3 },
    sets: 2,
  },
]

test.each(cases)('interpreted: $what', ({ settings, sizes, sets }) => {
  const built = compiled(settings)
  const weights = weightsOf(built, sizes.heads ?? 1, sets)
  const inputs = tensors(built, sizes, 5)
  const { out } = interpreted(built, sizes, inputs, weights)
  expect(relativeError(out, expected(built, sizes, inputs, undefined, weights))).toBeLessThan(tolerance)
})

describe('interpreted:', () => {
  test('slices of a call are the call', () => {
    const sizes = { batch: 2, heads: 4, kvHeads: 2, length: 7, keyLength: 12, lengths: [12, 3] }
    for (const source of ['segment_means', 'learned']) {
      const built = compiled(`dim: 8 ${softmax} landmarks: 6 ${source} pinv: 2 conv: 3`)
      const weights = weightsOf(built, 4)
      const inputs = tensors(built, sizes, 9)
      const whole = interpreted(built, sizes, inputs, weights)
      // Room for the tensors of the call, and not for the parts of all groups.
      const sliced = interpreted(built, sizes, inputs, weights, 1800)
      expect([whole.slices, sliced.slices]).toEqual([1, 2])
      expect(sliced.out).toEqual(whole.out)
    }
  })

  test('no batch item sees another', () => {
    const built = compiled(`dim: 4 ${softmax} landmarks: 3 segment_means`)
    const one = { heads: 2, length: 8 }
    const alone = tensors(built, one, 1)
    const mate = tensors(built, one, 2, 30)
    const join = (name: 'q' | 'k' | 'v'): Float32Array<ArrayBuffer> =>
      Float32Array.of(...alone[name], ...mate[name])
    const both = interpreted(built, { ...one, batch: 2 }, { q: join('q'), k: join('k'), v: join('v') }).out
    const { out } = interpreted(built, one, alone)
    expect(both.slice(0, out.length)).toEqual(out)
  })

  test('scores that are all zero give zeros', () => {
    const built = compiled('dim: 4 kernel: relu(dot(q, k)) landmarks: 3 segment_means')
    const sizes = { length: 8 }
    const { v } = tensors(built, sizes, 1)
    const inputs = { q: new Float32Array(32).fill(1), k: new Float32Array(32).fill(-1), v }
    expect([...interpreted(built, sizes, inputs).out]).toEqual(new Array(32).fill(0))
    expect([...expected(built, sizes, inputs)]).toEqual(new Array(32).fill(0))
  })
})

describe.each(enoughDevices)('on %s', (name) => {
  it.each([
    {
      what: 'means of segments',
      settings: `dim: 12 value_dim: 20 ${softmax} landmarks: 9 segment_means conv: 5`,
      deviations: [1, 100],
    },
    {
      what: 'learned landmarks',
      settings: `dim: 12 value_dim: 20 ${softmax} landmarks: 9 learned`,
      deviations: [1],
    },
  ])('$what', async ({ settings, deviations }) => {
    const built = compiled(settings)
    const heads = 4
    const weights = weightsOf(built, heads)
    const attention = await onDevice(built, await testDevice(name), undefined, weights)
    const shapes: readonly Sizes[] = [
      { heads, length: 45 },
      { batch: 4, heads, kvHeads: 2, length: 33, keyLength: 300, lengths: [300, 10, 9, 0] },
      { batch: 2, heads, kvHeads: 1, length: 8, keyLength: 30, lengths: [30, 3] },
    ]
    for (const sizes of shapes)
      for (const deviation of deviations) {
        const inputs = tensors(built, sizes, 21, deviation)
        const out = await forward(attention, sizes, inputs)
        expect(relativeError(out, expected(built, sizes, inputs, undefined, weights))).toBeLessThan(
          deviation === 1 ? tolerance : 2e-4,
        )
      }
    attention.destroy()
  })

  it('stays finite for rows of any size', async () => {
    const built = compiled(`dim: 12 value_dim: 20 ${softmax} landmarks: 9 segment_means conv: 5`)
    const attention = await onDevice(built, await testDevice(name), undefined, weightsOf(built, 2))
    const sizes = { heads: 2, length: 45 }
    const out = await forward(attention, sizes, tensors(built, sizes, 4, 1e4))
    attention.destroy()
    expect(out.every(Number.isFinite)).toBe(true)
  })
})
