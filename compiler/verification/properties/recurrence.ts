/**
 * The parallel form, the chunked form and the step-by-step recurrence of a causal
 * attention are one function.
 *
 * Three comparisons: a prefix of the rows alone gives the rows it gives within
 * the whole sequence (what a recurrence can know), from the kernels and, to more
 * digits, in float64; the kernels' result is that of the algebra's state, folded
 * in float64 row by row and in chunks cut at random; and `prefill` with `step`,
 * where there are kernels for them, give what `forward` gives, each batch item
 * from a prompt of its own length.
 */
import { counted } from '../../diagnostics/counted.ts'
import * as fc from 'fast-check'
import { reference } from '../../reference/reference.ts'
import { featuresOf, termsOf } from '../../algebra/facts.ts'
import { mentions } from '../../symbolic/traverse.ts'
import { cases, type Case, describeCase, fraction } from '../cases/case.ts'
import { beginningOf } from '../cases/rows.ts'
import { asReference } from '../cases/weights.ts'
import type { Call } from '../execution/executor.ts'
import type { Failure } from './try-cases.ts'
import { layoutOf, smallText, tableOf, whereIs, worstDifference } from './difference.ts'
import { rowsToCompare, selectRows } from './expected.ts'
import { foldedOutput } from './fold.ts'
import { allowance } from './permutation.ts'
import { callFor, executorOf, type Property, type Subject } from './property.ts'
import { tryCases } from './try-cases.ts'

interface Cut {
  readonly shape: Case
  /** Where the sequence is cut, as a fraction of it. */
  readonly place: number
}

export const recurrence: Property = {
  name: 'recurrence',
  onDevice: true,
  inapplicable: ({ algebra, executor }) => {
    if (algebra.mask.kind !== 'causal') return 'the attention is not causal'
    const carries = featuresOf(algebra) !== undefined || executor?.decode !== undefined
    return carries ? undefined : 'nothing is factorised'
  },
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    return tryCases<Cut>(
      {
        cases: fc.record({
          shape: cases({ square: true, heads: subject.heads, rows: subject.rows, longest: 40 }).map(
            (shape) => ({
              ...shape,
              length: shape.length + 1,
              keyLength: shape.length + 1,
            }),
          ),
          place: fraction(),
        }),
        describe: (cut) => `${describeCase(cut.shape)}, cut after row ${cutAfter(cut) - 1}`,
        held: (count) => `${counted(count, 'sequence')}, cut at random: ${waysOf(subject).join(', ')} agree`,
        attempt: async (cut) => {
          const call = callFor(subject, cut.shape)
          const cutAt = cutAfter(cut)
          const out = await executor.forward(call)
          const rows = rowsToCompare(call.length)
          const allowed = allowance(subject, call, executor.projection, rows)
          const hold = (
            found: Float32Array | Float64Array,
            what: string,
            which: readonly number[],
            bounds: (index: number) => number,
            expected: ArrayLike<number>,
          ): Failure | undefined => {
            const layout = { ...layoutOf(call, subject.model.valueDim), rows: which }
            const difference = worstDifference(found, expected, bounds, layout)
            if (difference === undefined) return undefined
            return {
              what: `${whereIs(difference, call)} is ${difference.found} ${what}, and ${difference.expected} from the whole sequence at once; rounding explains ${smallText(difference.allowed)}`,
              table: tableOf(
                difference,
                [
                  [what, found],
                  ['at once', expected],
                ],
                layout,
              ),
            }
          }
          const whole = selectRows(out, call, rows)
          const twice = (index: number): number => 2 * (allowed[index] ?? 0)
          const prefix = await prefixFailure(subject, call, cutAt, { rows, whole, allowed }, hold)
          if (prefix !== undefined) return prefix
          if (isRecurrence(subject)) {
            const group = cut.shape.values % (call.batch * call.heads)
            const folded = foldedOutput(subject.algebra, call, executor.projection, group, cutAt, rows)
            const start = group * folded.length
            const failure = hold(replaced(whole, folded, start), 'by the recurrence', rows, twice, whole)
            if (failure !== undefined) return failure
          }
          if (executor.decode === undefined) return undefined
          const decoded = selectRows(await executor.decode(call, promptsOf(cut)), call, rows)
          return hold(decoded, 'by prefill and step', rows, twice, whole)
        },
      },
      effort,
    )
  },
}

/** Whether the algebra's state says the same; maxima over all keys are no part of it. */
const isRecurrence = ({ algebra }: Subject): boolean =>
  featuresOf(algebra) !== undefined && algebra.stabilize.kind !== 'max'

const waysOf = (subject: Subject): string[] => [
  'the whole and its beginning alone',
  ...(isRecurrence(subject) ? ["the recurrence of the algebra's state"] : []),
  ...(subject.executor?.decode === undefined ? [] : ['prefill and step']),
]

/** A copy with one head's rows taken from elsewhere. */
function replaced(whole: Float32Array, rows: Float64Array, start: number): Float64Array {
  const copy = Float64Array.from(whole)
  copy.set(rows, start)
  return copy
}

/** At least one row before it, and one after. */
const cutAfter = ({ shape, place }: Cut): number => 1 + Math.floor(place * (shape.length - 1))

/** A prompt for each batch item, of another length than that before it. */
const promptsOf = ({ shape, place }: Cut): number[] =>
  Array.from({ length: shape.batch }, (_, item) =>
    cutAfter({ shape, place: item % 2 === 0 ? place : 0.999 - place }),
  )

type Hold = (
  found: Float32Array | Float64Array,
  what: string,
  which: readonly number[],
  bounds: (index: number) => number,
  expected: ArrayLike<number>,
) => Failure | undefined

/** Of the rows before the cut, which a causal attention computes from the rows before the cut. */
async function prefixFailure(
  subject: Subject,
  call: Call,
  cutAt: number,
  known: Known,
  hold: Hold,
): Promise<Failure | undefined> {
  const { algebra } = subject
  // A feature that sees how long the sequence is belongs to a sequence of known length.
  if (termsOf(algebra).some(({ value }) => mentions(value, 'length'))) return undefined
  const executor = executorOf(subject)
  const what = 'without the rows after it'
  const short = beginningOf(call, subject.model.inputs, { length: cutAt, keyLength: cutAt })
  const rows = known.rows.filter((row) => row < cutAt)
  if (algebra.stabilize.kind === 'max') {
    // Maxima are over all keys. What that changes may be less than rounding allows, but it is no rounding.
    const { projection } = executor
    const exact = (of: Call): Float64Array =>
      reference(subject.model, {
        ...of,
        ...asReference(subject.model, subject.weights),
        ...(projection && { projection }),
        rows,
      })
    const whole = exact(call)
    const failure = hold(exact(short), what, rows, (index) => 1e-9 * (1 + Math.abs(whole[index] ?? 0)), whole)
    if (failure !== undefined) return failure
  }
  const alone = selectRows(await executor.forward(short), short, rows)
  const ofRows = (values: Float32Array | Float64Array): number[] =>
    chosenRows(values, known.rows, rows, subject.model.valueDim)
  const allowed = ofRows(known.allowed)
  return hold(alone, what, rows, (index) => 2 * (allowed[index] ?? 0), ofRows(known.whole))
}

/** Rows of the whole sequence's result with the error that rounding may make, [groups, rows, valueDim]. */
interface Known {
  readonly rows: readonly number[]
  readonly whole: Float32Array
  readonly allowed: Float64Array
}

/** Some rows of [groups, rows, width]. */
function chosenRows(
  values: Float32Array | Float64Array,
  rows: readonly number[],
  chosen: readonly number[],
  width: number,
): number[] {
  const groups = values.length / (rows.length * width)
  return Array.from({ length: groups }, (_, group) =>
    chosen.flatMap((row) => {
      const start = (group * rows.length + rows.indexOf(row)) * width
      return Array.from(values.subarray(start, start + width))
    }),
  ).flat()
}
