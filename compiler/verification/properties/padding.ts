/** Key rows past a batch item's length are as if absent, whatever they hold. */
import * as fc from 'fast-check'
import { callOf, cases, type Case, describeCase } from '../cases/case.ts'
import { sliceRows } from '../cases/rows.ts'
import type { Call } from '../execution/executor.ts'
import { layoutOf, smallText, tableOf, whereIs, worstDifference } from './difference.ts'
import { rowsToCompare, selectRows } from './expected.ts'
import { allowance } from './permutation.ts'
import { executorOf, type Property } from './property.ts'
import { tryCases } from './try-cases.ts'

interface Padded {
  readonly shape: Case
  /** Keys that count in the first batch item, as a fraction of all. */
  readonly part: number
}

/** What stands in rows that do not count: enough to be seen in any sum. */
const garbage = 1e4

export const padding: Property = {
  name: 'padding',
  onDevice: true,
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    return tryCases<Padded>(
      {
        cases: fc.record({
          shape: cases({ heads: subject.heads }),
          part: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        }),
        describe: (padded) => `${describeCase(padded.shape)}, of which ${visibleIn(padded)} count`,
        held: (count) => `${count} times padded keys gave what shorter sequences give`,
        attempt: async (padded) => {
          const whole = callOf(subject.model, padded.shape)
          const visible = visibleIn(padded)
          const out = await executor.forward(withGarbage(whole, visible))
          const rows = rowsToCompare(whole.length)
          const first = selectRows(firstItem(out, whole), { ...whole, batch: 1 }, rows)
          const short = shortened(whole, visible)
          const expected =
            short === undefined
              ? new Float32Array(first.length)
              : selectRows(await executor.forward(short), short, rows)
          const allowed =
            short === undefined
              ? new Float64Array(first.length)
              : allowance(subject, short, executor.projection, rows)
          const layout = { ...layoutOf(whole, subject.model.valueDim), rows }
          const difference = worstDifference(
            first,
            expected,
            (index) => 2 * (allowed[index] ?? 0) + Number.MIN_VALUE,
            layout,
          )
          if (difference === undefined) return undefined
          return {
            what: `${whereIs(difference, { ...whole, batch: 1 })} is ${difference.found} beside padding, and ${difference.expected} without it; rounding explains ${smallText(difference.allowed)}`,
            table: tableOf(
              difference,
              [
                ['padded', first],
                ['shorter', expected],
              ],
              layout,
            ),
          }
        },
      },
      effort,
    )
  },
}

const visibleIn = ({ shape, part }: Padded): number => Math.floor(part * (shape.keyLength + 1))

/** The first batch item has `visible` keys, and large numbers after them; others are whole. */
function withGarbage(call: Call, visible: number): Call {
  const spoil = (values: Float32Array): Float32Array => {
    const width = values.length / (call.batch * call.kvHeads * call.keyLength)
    const itemSize = values.length / call.batch
    return values.map((value, index) => {
      const row = Math.floor(index / width) % call.keyLength
      return index < itemSize && row >= visible ? (index % 2 === 0 ? garbage : -garbage) : value
    })
  }
  const lengths = Array.from({ length: call.batch }, (_, item) => (item === 0 ? visible : call.keyLength))
  return { ...call, k: spoil(call.k), v: spoil(call.v), lengths }
}

/** The first batch item alone with its visible keys; nothing where it has none. */
function shortened(call: Call, visible: number): Call | undefined {
  if (visible === 0) return undefined
  const { batch, kvHeads, keyLength } = call
  const first = (values: Float32Array): Float32Array => values.slice(0, values.length / batch)
  return {
    ...call,
    batch: 1,
    keyLength: visible,
    q: first(call.q),
    k: sliceRows(first(call.k), kvHeads, keyLength, 0, visible),
    v: sliceRows(first(call.v), kvHeads, keyLength, 0, visible),
  }
}

const firstItem = (out: Float32Array, { batch }: Call): Float32Array => out.slice(0, out.length / batch)
