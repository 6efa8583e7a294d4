/** Key rows past a batch item's length are as if absent, whatever they hold. */
import * as fc from 'fast-check'
import { callOf, cases, type Case, describeCase, fraction } from '../cases/case.ts'
import { sliceRows } from '../cases/rows.ts'
import type { Call } from '../execution/executor.ts'
import { layoutOf, smallText, tableOf, whereIs, worstDifference } from './difference.ts'
import { rowsToCompare, selectRows } from './expected.ts'
import { allowance } from './permutation.ts'
import { executorOf, type Property, type Subject } from './property.ts'
import { type Failure, tryCases } from './try-cases.ts'

interface Padded {
  readonly shape: Case
  /** Keys that count in the first batch item, as a fraction of all; what is left of 1 in the next, and so on. */
  readonly part: number
}

/** What stands in rows that do not count: enough to be seen in any sum. */
const garbage = 1e4

export const padding: Property = {
  name: 'padding',
  onDevice: true,
  inapplicable: ({ algebra: { score } }) =>
    score.kind === 'bucketed' ? 'the keys are the rows of the queries' : undefined,
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    return tryCases<Padded>(
      {
        cases: fc.record({
          shape: cases({ heads: subject.heads, rows: subject.rows }),
          part: fraction(),
        }),
        describe: (padded) =>
          `${describeCase(padded.shape)}, of which ${visibleIn(padded).join(' and ')} count`,
        held: (count) => `${count} times padded keys gave what shorter sequences give`,
        attempt: async (padded) => {
          const whole = callOf(subject.model, padded.shape)
          const lengths = visibleIn(padded)
          const out = await executor.forward(withGarbage(whole, lengths))
          for (const [item, visible] of lengths.entries()) {
            const failure = await itemFailure(subject, whole, out, item, visible)
            if (failure !== undefined) return failure
          }
          return undefined
        },
      },
      effort,
    )
  },
}

const visibleIn = ({ shape: { keyLength, batch }, part }: Padded): number[] =>
  Array.from({ length: batch }, (_, item) =>
    Math.floor((item % 2 === 0 ? part : 1 - part) * (keyLength + (item % 2 === 0 ? 1 : 0))),
  )

/** A batch item beside its padding against the same without it. */
async function itemFailure(
  subject: Subject,
  whole: Call,
  out: Float32Array,
  item: number,
  visible: number,
): Promise<Failure | undefined> {
  const executor = executorOf(subject)
  const one = itemOf(whole, item)
  const rows = rowsToCompare(one.length)
  const size = out.length / whole.batch
  const found = selectRows(out.subarray(item * size, (item + 1) * size), one, rows)
  const short = shortened(one, visible)
  const expected =
    short === undefined
      ? new Float32Array(found.length)
      : selectRows(await executor.forward(short), short, rows)
  const allowed =
    short === undefined
      ? new Float64Array(found.length)
      : allowance(subject, short, executor.projection, rows)
  const layout = { ...layoutOf(one, subject.model.valueDim), rows }
  const difference = worstDifference(
    found,
    expected,
    (index) => 2 * (allowed[index] ?? 0) + Number.MIN_VALUE,
    layout,
  )
  if (difference === undefined) return undefined
  const where = whole.batch > 1 ? ` of batch item ${item}` : ''
  return {
    what: `${whereIs(difference, one)}${where} is ${difference.found} beside padding, and ${difference.expected} without it; rounding explains ${smallText(difference.allowed)}`,
    table: tableOf(
      difference,
      [
        ['padded', found],
        ['shorter', expected],
      ],
      layout,
    ),
  }
}

/** Each batch item has its number of keys, and large numbers after them. */
function withGarbage(call: Call, lengths: readonly number[]): Call {
  const spoil = (values: Float32Array): Float32Array => {
    const width = values.length / (call.batch * call.kvHeads * call.keyLength)
    const itemSize = values.length / call.batch
    return values.map((value, index) => {
      const row = Math.floor(index / width) % call.keyLength
      if (row < (lengths[Math.floor(index / itemSize)] ?? 0)) return value
      return index % 2 === 0 ? garbage : -garbage
    })
  }
  return { ...call, k: spoil(call.k), v: spoil(call.v), lengths }
}

/** One batch item alone. */
function itemOf(call: Call, item: number): Call {
  const part = (values: Float32Array): Float32Array => {
    const size = values.length / call.batch
    return values.slice(item * size, (item + 1) * size)
  }
  return { ...call, batch: 1, q: part(call.q), k: part(call.k), v: part(call.v) }
}

/** With its visible keys alone; nothing where it has none. */
function shortened(call: Call, visible: number): Call | undefined {
  if (visible === 0) return undefined
  const { kvHeads, keyLength } = call
  return {
    ...call,
    keyLength: visible,
    k: sliceRows(call.k, kvHeads, keyLength, 0, visible),
    v: sliceRows(call.v, kvHeads, keyLength, 0, visible),
  }
}
