/**
 * No output row depends on a later row: changing rows, by however much, leaves
 * the rows before them as they were, to the bit.
 */
import { times } from '../../diagnostics/counted.ts'
import * as fc from 'fast-check'
import { cases, type Case, describeCase, fraction, longestOf, tensor } from '../cases/case.ts'
import { changeRows } from '../cases/rows.ts'
import { scattered } from '../cases/scatter.ts'
import type { Call } from '../execution/executor.ts'
import { visibility } from '../../algebra/interpret.ts'
import { layoutOf, smallText, tableOf, whereIs, worstDifference } from './difference.ts'
import { endedBeyond } from './expected.ts'
import { callFor, executorOf, type Property, type Subject } from './property.ts'
import { tryCases } from './try-cases.ts'

interface Change {
  readonly shape: Case
  /** Where in the sequence, as a fraction of it. */
  readonly place: number
  /** What the changed rows are: so many times normal numbers. */
  readonly size: number
}

export const causality: Property = {
  name: 'causality',
  onDevice: true,
  ofKernelsAlone: true,
  inapplicable: ({ algebra }) =>
    seesNoLaterRow(algebra) ? undefined : 'the mask shows rows what comes later',
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    return tryCases<Change>(
      {
        cases: fc.record({
          shape: cases({
            square: true,
            heads: subject.heads,
            rows: subject.rows,
            longest: longestOf(subject.model),
          }).map((shape) => ({
            ...shape,
            length: shape.length + 1,
            keyLength: shape.length + 1,
          })),
          place: fraction(),
          size: fc.constantFrom(1, 0, 30, 1000),
        }),
        describe: (change) => `${describeCase(change.shape)}, rows from ${firstChanged(change)} on changed`,
        held: (count) => `${times(count)} later rows were changed, and the rows before them kept every bit`,
        attempt: async (change) => {
          const before = callFor(subject, change.shape)
          const first = firstChanged(change)
          const after = changed(before, subject, first, change)
          const original = await executor.forward(before)
          const now = await executor.forward(after)
          // A changed row beyond f16 ends its call, the rows before it included.
          if (endedBeyond(subject, now)) return undefined
          const layout = layoutOf(before, subject.model.valueDim)
          const difference = worstDifference(
            blank(now, original, before, first, subject),
            original,
            (index) => (Object.is(now[index], original[index]) ? 1 : Number.MIN_VALUE),
            layout,
          )
          if (difference === undefined) return undefined
          const gap = Math.abs(difference.found - difference.expected)
          return {
            what: `${whereIs(difference, before)} changes by ${smallText(gap)} when only rows from ${first} on change`,
            table: tableOf(
              difference,
              [
                ['before', original],
                ['after', now],
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

/** Also a condition may be causal: it is tried on the pairs of short sequences. */
function seesNoLaterRow({ mask }: Subject['algebra']): boolean {
  if (mask.kind !== 'condition') return mask.kind === 'causal'
  return [1, 2, 7, 40].every((length) => {
    const sees = visibility(mask, length)
    for (let i = 0; i < length; i++) for (let j = i + 1; j < length; j++) if (sees(i, j)) return false
    return true
  })
}

/** At least 1, so that a row is before it. */
const firstChanged = ({ shape, place }: Change): number => 1 + Math.floor(place * (shape.length - 1))

function changed(call: Call, { model }: Subject, first: number, { shape, size }: Change): Call {
  const names = ['q', 'k', 'v', ...(model.inputs ?? []).map(({ name }) => name)]
  return changeRows(call, model.inputs, (values, { name, heads, rows, width, integer }) => {
    if (integer) return values
    const seed = 5000 + names.indexOf(name) + Math.floor(1e6 * scattered(shape.values))
    const others = tensor(call.batch * heads, rows, width, seed, size)
    return values.map((value, index) =>
      Math.floor(index / width) % rows >= first ? (others[index] ?? 0) : value,
    )
  })
}

/** The result with the changed rows, which may differ, taken from the original. */
function blank(
  now: Float32Array,
  original: Float32Array,
  { length }: Call,
  first: number,
  { model }: Subject,
): Float32Array {
  return now.map((value, index) =>
    Math.floor(index / model.valueDim) % length >= first ? (original[index] ?? 0) : value,
  )
}
