/**
 * Key rows past a batch item's length are as if absent, whatever they hold, and query rows past its own make no
 * difference to those before them.
 */
import { times } from '../../diagnostics/counted.ts'
import * as fc from 'fast-check'
import { keysAreQueries } from '../../semantics/model.ts'
import { needsEqualLengths } from '../../semantics/owners.ts'
import { cases, type Case, describeCase, fraction, longestOf } from '../cases/case.ts'
import { beginningOf, changeRows } from '../cases/rows.ts'
import type { Call } from '../execution/executor.ts'
import { layoutOf, smallText, tableOf, whereIs, worstDifference } from './difference.ts'
import { endedBeyond, rowsToCompare, selectRows } from './expected.ts'
import { allowance } from './permutation.ts'
import { callFor, executorOf, type Property, type Subject } from './property.ts'
import { type Failure, tryCases } from './try-cases.ts'

interface Padded {
  readonly shape: Case
  /** Keys that count in the first batch item, as a fraction of all; 1 less that in the next, and so on in turns. */
  readonly part: number
  /** Queries that count, likewise; as many as keys, and nothing said of them, where it is absent. */
  readonly queryPart: number | undefined
  /** What stands in rows that do not count: enough to be seen in any sum, or no number at all. */
  readonly garbage: number
}

export const padding: Property = {
  name: 'padding',
  onDevice: true,
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    // Where queries are keys, or tokens have both, and may be as many as the keys of other attentions are.
    const square = keysAreQueries(subject.model) || needsEqualLengths(subject.model)
    return tryCases<Padded>(
      {
        cases: fc.record({
          shape: fc.boolean().chain((alike) =>
            cases({
              square: square || alike,
              longest: longestOf(subject.model),
              heads: subject.heads,
              rows: subject.rows,
            }),
          ),
          part: fraction(),
          queryPart: square ? fc.constant(undefined) : fc.option(fraction(), { nil: undefined }),
          garbage: fc.constantFrom(1e4, Number.NaN),
        }),
        describe: (padded) =>
          `${describeCase(padded.shape)}, of which ${keysIn(padded).join(' and ')} keys and ${queriesIn(padded).join(' and ')} queries count before ${padded.garbage}`,
        held: (count) => `${times(count)} padded rows gave what shorter sequences give`,
        attempt: async (padded) => {
          const whole = callFor(subject, padded.shape)
          const [keys, queries] = [keysIn(padded), queriesIn(padded)]
          const out = await executor.forward(withGarbage(whole, subject, padded))
          // A padded row beyond f16 ends its call, as any other.
          if (endedBeyond(subject, out)) return undefined
          for (const [item, visible] of keys.entries()) {
            const failure = await itemFailure(subject, whole, out, item, visible, queries[item] ?? 0)
            if (failure !== undefined) return failure
          }
          return undefined
        },
      },
      effort,
    )
  },
}

const countsOf = (batch: number, rows: number, part: number): number[] =>
  Array.from({ length: batch }, (_, item) =>
    Math.floor((item % 2 === 0 ? part : 1 - part) * (rows + (item % 2 === 0 ? 1 : 0))),
  )

const keysIn = ({ shape: { keyLength, batch }, part }: Padded): number[] => countsOf(batch, keyLength, part)

/** Of which the call says nothing where the rule of calls says as much. */
const queriesIn = (padded: Padded): number[] => {
  const { shape, queryPart } = padded
  const { batch, length, keyLength } = shape
  if (queryPart !== undefined) return countsOf(batch, length, queryPart)
  return length === keyLength ? keysIn(padded) : countsOf(batch, length, 1).map(() => length)
}

/** A batch item beside its padding against the same without it. */
async function itemFailure(
  subject: Subject,
  whole: Call,
  out: Float32Array,
  item: number,
  visible: number,
  queries: number,
): Promise<Failure | undefined> {
  const executor = executorOf(subject)
  const one = itemOf(whole, subject, item)
  const rows = rowsToCompare(queries)
  const size = out.length / whole.batch
  const found = selectRows(out.subarray(item * size, (item + 1) * size), one, rows)
  const short = shortened(one, subject, visible, queries)
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

/** Each batch item has its number of rows, and garbage after them; integers stay what a call may have. */
function withGarbage(call: Call, { model }: Subject, padded: Padded): Call {
  const { garbage, queryPart } = padded
  const [lengths, queryLengths] = [keysIn(padded), queriesIn(padded)]
  const spoiled = changeRows(call, model.inputs, (values, { rows, width, of, integer }) => {
    if (integer) return values
    const counts = of === 'length' ? queryLengths : lengths
    const itemSize = values.length / call.batch
    return values.map((value, index) => {
      const row = Math.floor(index / width) % rows
      if (row < (counts[Math.floor(index / itemSize)] ?? 0)) return value
      return index % 2 === 0 ? garbage : -garbage
    })
  })
  return { ...spoiled, lengths, ...(queryPart === undefined ? {} : { queryLengths }) }
}

/** One batch item alone. */
function itemOf(call: Call, { model }: Subject, item: number): Call {
  const alone = changeRows(call, model.inputs, (values) => {
    const size = values.length / call.batch
    return values.slice(item * size, (item + 1) * size)
  })
  return { ...alone, batch: 1 }
}

/** With the rows alone that count; nothing where it has no keys, or no queries. */
const shortened = (call: Call, { model }: Subject, visible: number, queries: number): Call | undefined =>
  visible === 0 || queries === 0
    ? undefined
    : beginningOf(call, model.inputs, { length: queries, keyLength: visible })
