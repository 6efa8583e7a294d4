// Inputs of any size: what lies ahead does not reach back, and nothing overflows.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileOne, expected, forward, onDevice, relativeError } from '../numeric/harness.ts'
import type { Tensors } from '../numeric/harness.ts'
import { deviceNames, enoughDevices, testDevice } from '../setup/test-devices.ts'
import { attentionOn, builtOf, dim, exponents, inner, subjects, valueDim } from './subjects.ts'
import type { Subject } from './subjects.ts'
import { bits, calls, matrix, tensorsOf, upTo } from './tensors.ts'
import type { Call } from './tensors.ts'

const runs = { seed: 77, numRuns: 20 }

/** The largest exponent of a call, in absolute value: its last place is what f32 cannot tell apart. */
function largestExponent(subject: Subject, { q, k }: Tensors): number {
  const rows = (tensor: Float32Array): number[][] => matrix(tensor, 0, tensor.length / dim, dim)
  const largest = (all: readonly number[]): number =>
    all.reduce((most, one) => Math.max(most, Math.abs(one)), 0)
  switch (subject) {
    case 'features':
      return Math.max(largest([...q]), largest([...k]))
    case 'exponentials':
      return largest([...rows(q), ...rows(k)].flatMap(exponents))
    case 'pairs':
      return largest(rows(q).flatMap((query) => rows(k).map((key) => inner(query, key) / Math.sqrt(dim))))
  }
}

/** The tensor with numbers of this size, of either sign, from row `from` of each matrix on. */
function changed(
  tensor: Float32Array<ArrayBuffer>,
  length: number,
  width: number,
  from: number,
  magnitude: number,
): Float32Array<ArrayBuffer> {
  return tensor.map((entry, at) =>
    Math.floor(at / width) % length < from ? entry : at % 3 === 0 ? -magnitude : magnitude,
  )
}

const magnitudes = fc.constantFrom(-1, 40, 1e4, -1e4, 1e19, -1e19, 3e38, -3e38)

/** Rows before `from` of each head's output. */
function before(out: Uint32Array, { length }: Call, from: number): number[] {
  return [...out].filter((_, at) => Math.floor(at / valueDim) % length < from)
}

// What a device's compiler may make otherwise of two equal rows shows in their bits, so that no device is left out.
describe.each(deviceNames)('on %s', (device) => {
  describe.each(subjects)('%s', (subject) => {
    it.each([1, 100, 1e4])(
      'P2, D2: rows see nothing of later ones, to the bit, entries of size %d',
      async (size) => {
        const attention = await attentionOn(device, subject, 'causal')
        await fc.assert(
          fc.asyncProperty(calls, fc.nat(), magnitudes, async (call, choice, magnitude) => {
            const { length, keyLength } = call
            const from = choice % Math.min(length, keyLength)
            const inputs = tensorsOf(call, size)
            const disturbed = {
              q: changed(inputs.q, length, dim, from, magnitude),
              k: changed(inputs.k, keyLength, dim, from, magnitude),
              v: changed(inputs.v, keyLength, valueDim, from, magnitude),
            }
            const out = await bits(attention, call, inputs)
            const after = await bits(attention, call, disturbed)
            expect(before(after, call, from)).toEqual(before(out, call, from))
          }),
          runs,
        )
      },
    )
  })
})

describe.each(enoughDevices)('on %s', (device) => {
  describe.each(subjects)('%s', (subject) => {
    it.each(['none', 'causal'] as const)(
      'P15: rows up to 100 times as long agree with float64 to the last places of their exponents, mask %s',
      async (mask) => {
        const attention = await attentionOn(device, subject, mask)
        const built = builtOf(subject, mask)
        await fc.assert(
          fc.asyncProperty(calls, fc.integer({ min: 0, max: 20 }), async (call, tenth) => {
            const inputs = tensorsOf(call, 10 ** (tenth / 10))
            const found = await forward(attention, call, inputs)
            const allowed = 5e-6 + 2 ** -22 * largestExponent(subject, inputs)
            expect(relativeError(found, expected(built, call, inputs))).toBeLessThan(allowed)
          }),
          runs,
        )
      },
    )

    it.each(['none', 'causal'] as const)(
      'P15: rows of entries up to 1e4 give means of the values all the same, mask %s',
      async (mask) => {
        const attention = await attentionOn(device, subject, mask)
        await fc.assert(
          fc.asyncProperty(calls, fc.constantFrom(1e3, 1e4), async (call, size) => {
            const inputs = tensorsOf(call, size / 4)
            const bound = (tensor: Float32Array): Float32Array<ArrayBuffer> =>
              Float32Array.from(tensor, (entry) => Math.max(-size, Math.min(size, entry)))
            const limited = { q: bound(inputs.q), k: bound(inputs.k), v: inputs.v }
            const out = await forward(attention, call, limited)
            const most = inputs.v.reduce((largest, entry) => Math.max(largest, Math.abs(entry)), 0)
            expect(out.every((entry) => Math.abs(entry) <= most * 1.00001)).toBe(true)
            const ones = await forward(attention, call, { ...limited, v: inputs.v.fill(1) })
            // What has an exponent is rescaled. A bounded feature has none, and vanishes in f32 at rows far below
            // zero: those rows are zeros then, as the README says, and nothing between.
            const vanishes = subject === 'features'
            expect(ones.every((entry) => Math.abs(entry - 1) <= 1e-5 || (vanishes && entry === 0))).toBe(true)
          }),
          runs,
        )
      },
    )
  })

  it.each(['none', 'causal'] as const)(
    'P15: features whose exponents lie far apart, each row large in another, mask %s',
    async (mask) => {
      const built = compileOne(
        `feature f(x) = exp(x) attention a { dim: ${dim} value_dim: ${valueDim} feature: f mask: ${mask} }`,
      )
      const attention = await onDevice(built, await testDevice(device))
      await fc.assert(
        fc.asyncProperty(calls, fc.constantFrom(10, 80, 200, 1e3), async (call, size) => {
          const { q, k, v } = tensorsOf(call)
          // One entry of a row is high, the others low: alone, either side of a product would be lost.
          const apart = (tensor: Float32Array<ArrayBuffer>, offset: number): Float32Array<ArrayBuffer> =>
            tensor.map(
              (entry, at) => entry + (at % dim === (Math.floor(at / dim) * 7 + offset) % dim ? size : -size),
            )
          const inputs = { q: apart(q, 0), k: apart(k, 3), v }
          const found = await forward(attention, call, inputs)
          expect(relativeError(found, expected(built, call, inputs))).toBeLessThan(5e-6 + 2 ** -22 * size)
        }),
        runs,
      )
      attention.destroy()
    },
  )
})

it('what is changed begins where it should, in each matrix', () => {
  expect([...changed(Float32Array.from(upTo(12)), 3, 2, 2, 7)]).toEqual([0, 1, 2, 3, 7, 7, 6, 7, 8, 9, 7, 7])
})
