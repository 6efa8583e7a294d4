// Whatever the passes, tiles and scales: the attention is its definition, and respects its symmetries.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { poison } from '../numeric/guarded.ts'
import { bitsOf } from '../numeric/compare.ts'
import { forward, normals, relativeError } from '../numeric/harness.ts'
import type { Tensors } from '../numeric/harness.ts'
import { enoughDevices } from '../setup/test-devices.ts'
import { attentionOn, dim, kernelOf, subjects, valueDim } from './subjects.ts'
import type { Subject } from './subjects.ts'
import { bits, calls, keyMatrix, mapRows, matrix, tensorsOf, upTo } from './tensors.ts'
import type { Call } from './tensors.ts'

const runs = { seed: 2025, numRuns: 20 }

/** The definition: a matrix of scores, row by row, in float64. */
function explicit(subject: Subject, call: Call, { q, k, v }: Tensors, causal: boolean): Float64Array {
  const { batch, heads, length, keyLength } = call
  const kernel = kernelOf(subject)
  return Float64Array.from(
    upTo(batch * heads).flatMap((head) => {
      const [keys, values] = [
        matrix(k, keyMatrix(call, head), keyLength, dim),
        matrix(v, keyMatrix(call, head), keyLength, valueDim),
      ]
      return matrix(q, head, length, dim).flatMap((query, i) => {
        const scores = keys.map((key, j) => (causal && j > i ? 0 : kernel(query, key)))
        const sum = scores.reduce((total, score) => total + score, 0)
        return upTo(valueDim).map((column) =>
          values.reduce((total, value, j) => total + ((scores[j] ?? 0) / sum) * (value[column] ?? 0), 0),
        )
      })
    }),
  )
}

describe.each(enoughDevices)('on %s', (device) => {
  describe.each(subjects)('%s', (subject) => {
    it.each(['none', 'causal'] as const)('P1: is the explicit matrix, mask %s', async (mask) => {
      const attention = await attentionOn(device, subject, mask)
      await fc.assert(
        fc.asyncProperty(calls, async (call) => {
          const inputs = tensorsOf(call)
          const found = await forward(attention, call, inputs)
          expect(relativeError(found, explicit(subject, call, inputs, mask === 'causal'))).toBeLessThan(5e-6)
        }),
        runs,
      )
    })

    it.each(['none', 'causal'] as const)(
      'P8: each row is a mean of the values it sees, mask %s',
      async (mask) => {
        const attention = await attentionOn(device, subject, mask)
        await fc.assert(
          fc.asyncProperty(calls, fc.boolean(), async (call, constant) => {
            const { length, keyLength, batch, heads } = call
            const inputs = tensorsOf(call)
            const v = constant ? inputs.v.fill(1) : inputs.v
            const out = await forward(attention, call, { ...inputs, v })
            for (const head of upTo(batch * heads)) {
              const values = matrix(v, keyMatrix(call, head), keyLength, valueDim)
              for (const [i, row] of matrix(out, head, length, valueDim).entries())
                for (const [column, entry] of row.entries()) {
                  const seen = values
                    .slice(0, mask === 'causal' ? i + 1 : keyLength)
                    .map((value) => value[column] ?? 0)
                  expect(entry).toBeGreaterThanOrEqual(Math.min(...seen) - 1e-5)
                  expect(entry).toBeLessThanOrEqual(Math.max(...seen) + 1e-5)
                }
            }
          }),
          runs,
        )
      },
    )

    it('P11: keys may be permuted with their values, and queries with their outputs', async () => {
      const attention = await attentionOn(device, subject, 'none')
      await fc.assert(
        fc.asyncProperty(calls, fc.integer({ min: 1, max: 1000 }), async (call, order) => {
          const { length, keyLength } = call
          const { q, k, v } = tensorsOf(call)
          const out = await forward(attention, call, { q, k, v })
          const shuffled = (count: number): number[] => {
            const places = normals(count, order)
            return upTo(count).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0))
          }
          const keys = shuffled(keyLength)
          const permuted = await forward(attention, call, {
            q,
            k: mapRows(k, keyLength, dim, keys),
            v: mapRows(v, keyLength, valueDim, keys),
          })
          expect(relativeError(permuted, out)).toBeLessThan(2e-6)
          const queries = shuffled(length)
          const moved = await forward(attention, call, { q: mapRows(q, length, dim, queries), k, v })
          expect(relativeError(moved, mapRows(out, length, valueDim, queries))).toBeLessThan(1e-6)
        }),
        runs,
      )
    })

    it.each(['none', 'causal'] as const)(
      'P11, D6: neither batch mates nor other heads matter, whatever they hold, mask %s',
      async (mask) => {
        const attention = await attentionOn(device, subject, mask)
        await fc.assert(
          fc.asyncProperty(calls, fc.nat(), async (call, choice) => {
            const { batch, kvHeads, heads, length, keyLength } = call
            const inputs = tensorsOf(call)
            const out = await bits(attention, call, inputs)
            const group = choice % (batch * kvHeads)
            const others = (tensor: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> => {
              const copy = tensor.slice()
              const size = tensor.length / (batch * kvHeads)
              const cells = bitsOf(copy)
              for (let at = 0; at < cells.length; at++)
                if (Math.floor(at / size) !== group) cells[at] = poison(at)
              return copy
            }
            const poisoned = { q: others(inputs.q), k: others(inputs.k), v: others(inputs.v) }
            const after = await bits(attention, call, poisoned)
            const size = out.length / (batch * kvHeads)
            const own = (all: Uint32Array): Uint32Array => all.subarray(group * size, (group + 1) * size)
            expect(own(after)).toEqual(own(out))

            const part = (tensor: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> =>
              tensor.slice(
                (group * tensor.length) / (batch * kvHeads),
                ((group + 1) * tensor.length) / (batch * kvHeads),
              )
            const alone = { q: part(inputs.q), k: part(inputs.k), v: part(inputs.v) }
            const single = { batch: 1, heads: heads / kvHeads, kvHeads: 1, length, keyLength }
            expect(await bits(attention, single, alone)).toEqual(own(out))
          }),
          runs,
        )
      },
    )

    it.each(['none', 'causal'] as const)(
      'P12, D4: lengths are physically shorter keys, mask %s',
      async (mask) => {
        const attention = await attentionOn(device, subject, mask)
        await fc.assert(
          fc.asyncProperty(calls, fc.nat(), async (call, cut) => {
            const { batch, keyLength } = call
            const visible = 1 + (cut % keyLength)
            const inputs = tensorsOf(call)
            const lengths = upTo(batch).map((item) => (item === batch - 1 ? visible : 0))
            const out = await bits(attention, { ...call, lengths }, inputs)
            const shorter = { ...call, keyLength: visible }
            const keys = upTo(visible)
            const alone = await bits(attention, shorter, {
              q: inputs.q,
              k: mapRows(inputs.k, keyLength, dim, keys),
              v: mapRows(inputs.v, keyLength, valueDim, keys),
            })
            const last = (all: Uint32Array): Uint32Array => all.subarray(((batch - 1) * all.length) / batch)
            expect(last(out)).toEqual(last(alone))
            // A batch item without keys is zero.
            const rest = out.subarray(0, out.length - last(out).length)
            expect(rest.every((entry) => entry === 0)).toBe(true)
          }),
          runs,
        )
      },
    )
  })
})
