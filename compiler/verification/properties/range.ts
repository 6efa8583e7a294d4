/** Large inputs: results stay finite, and right as long as f32 can tell. */
import { counted } from '../../diagnostics/counted.ts'
import { LARGEST } from '../../../runtime/storage/half.ts'
import { actionOf, isIdentity, negativeWeights } from '../../algebra/facts.ts'
import { cases, type Case, describeCase } from '../cases/case.ts'
import type { Call } from '../execution/executor.ts'
import { fitsF32 } from '../rounding/tolerance.ts'
import { firstWild, layoutOf, smallText, tableOf, whereIs } from './difference.ts'
import { differenceFrom, endedBeyond } from './expected.ts'
import { callFor, executorOf, type Property, type Subject } from './property.ts'
import { tryCases } from './try-cases.ts'

/** Of a row: where float64 still agrees with f32 to some digits, and where it is enough to be finite. */
const large = 100
/** Of an entry. */
const largest = 1e4
/** Of a call, and of one whose rows may shrink keys by more than f32 holds. */
const rows = 40
const manyRows = 300

export const range: Property = {
  name: 'range',
  onDevice: true,
  inapplicable: ({ model: { stabilize } }) => {
    if (stabilize.kind === 'none') return 'stabilize: none evaluates as written'
    return stabilize.kind === 'max' ? 'stabilize: max does not keep large inputs from underflow' : undefined
  },
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    const { dim, scale } = subject.model
    const extreme = largest * Math.sqrt(dim * scale)
    let compared = 0
    let ended = 0
    return tryCases<Case>(
      {
        cases: cases({
          heads: subject.heads,
          rows: subject.rows,
          norms: [large, 10, extreme],
          longest: isIdentity(actionOf(subject.algebra)) ? rows : manyRows,
        }),
        describe: describeCase,
        held: (count) =>
          `${counted(count, 'call')} with rows of norm up to ${large} and entries up to 1e4 gave finite rows, ${compared} of them compared with float64${beyondStorage(subject, ended)}`,
        attempt: async (shape) => {
          const call = clamped(signed(callFor(subject, shape), shape))
          const out = await executor.forward(call)
          const layout = layoutOf(call, subject.model.valueDim)
          const isBeyond = endedBeyond(subject, out)
          if (isBeyond) ended++
          const wild = isBeyond ? undefined : firstWild(out, layout)
          if (wild === undefined && shape.norm === extreme) return undefined
          // What f32 has no numbers for is nobody's fault.
          if (!fitsF32(subject.algebra, call, executor.projection)) return undefined
          if (wild !== undefined)
            return {
              what: `${whereIs(wild, call)} is ${wild.found} for rows of norm ${shape.norm}`,
              table: tableOf(wild, [['out', out]], layout),
            }
          compared++
          const { difference, table } = differenceFrom(subject, call, out, executor.projection)
          if (difference === undefined) return undefined
          return {
            what: `${whereIs(difference, call)} is ${difference.found} where float64 gives ${difference.expected}, for rows of norm ${shape.norm}; rounding explains ${smallText(difference.allowed)}`,
            table,
          }
        },
      },
      effort,
    )
  },
}

/** What is known of results that the storage has no numbers for; nothing where it is f32. */
function beyondStorage({ algebra, storage }: Subject, ended: number): string {
  if (storage === 'f32') return ''
  const isMean = negativeWeights(algebra) === undefined
  return isMean
    ? `; beyond ${LARGEST} is none, because each is a mean of values`
    : `; ${ended} ended in the error range, being beyond ${LARGEST}`
}

/** In some cases rows whose entries are all negative: what is bounded then vanishes in all of them at once. */
function signed(call: Call, { values }: Case): Call {
  if (values % 3 !== 1) return call
  const lowered = (entries: Float32Array): Float32Array => entries.map((entry) => -Math.abs(entry))
  return { ...call, q: lowered(call.q), k: lowered(call.k) }
}

const clamped = (call: Call): Call => {
  const clamp = (values: Float32Array): Float32Array =>
    values.map((value) => Math.max(-largest, Math.min(largest, value)))
  return { ...call, q: clamp(call.q), k: clamp(call.k) }
}
