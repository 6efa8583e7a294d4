/** Where scores are positive, a row of the output is a weighted mean of value rows. */
import { times } from '../../diagnostics/counted.ts'
import * as fc from 'fast-check'
import type { Attention } from '../../algebra/attention.ts'
import { cases, type Case, describeCase, longestOf } from '../cases/case.ts'
import type { Call } from '../execution/executor.ts'
import { lossOfSum } from '../rounding/bounded.ts'
import { addedToSum } from '../../algebra/division.ts'
import { featuresOf, negativeWeights, signOfWeights, termsOf, weighsBeside } from '../../algebra/facts.ts'
import { visibility } from '../../algebra/interpret.ts'
import { layoutOf, tableOf, whereIs, worstDifference } from './difference.ts'
import { callFor, executorOf, type Property } from './property.ts'
import { tryCases } from './try-cases.ts'

/** Relative to the largest value that a row sees: roundings of two sums that share their weights. */
function slackOf(attention: Attention, { keyLength }: Call): number {
  const score = featuresOf(attention)
  return 2e-5 + 2 * lossOfSum(keyLength) + (score === undefined ? 0 : 2 * lossOfSum(score.features))
}

export const convexity: Property = {
  name: 'convexity',
  onDevice: true,
  inapplicable: ({ algebra }) => negativeWeights(algebra),
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    const { model, algebra } = subject
    // With an ε, or where all scores may vanish, a row may also be smaller than every value.
    const shrinks =
      weighsBeside(algebra) || addedToSum(algebra.division) > 0 || signOfWeights(algebra) === 'nonnegative'
    return tryCases<{ readonly shape: Case; readonly alike: boolean }>(
      {
        cases: fc.record({
          shape: cases({
            heads: subject.heads,
            rows: subject.rows,
            longest: longestOf(subject.model),
            norms: carriesScale(algebra) ? [1, 0.25, 10] : [1, 0.25],
          }),
          alike: fc.boolean(),
        }),
        describe: ({ shape, alike }) => `${describeCase(shape)}${alike ? ', every value 1' : ''}`,
        held: (count) => `${times(count)} every row lay within the range of the values that it sees`,
        attempt: async ({ shape, alike }) => {
          const random = callFor(subject, shape)
          const call = alike ? { ...random, v: random.v.map(() => 1) } : random
          const out = await executor.forward(call)
          const { low, high } = rangeOfValues(algebra, call, shrinks)
          const nearest = Float64Array.from(out, (value, index) =>
            Math.min(Math.max(value, low[index] ?? 0), high[index] ?? 0),
          )
          const layout = layoutOf(call, model.valueDim)
          const slack = slackOf(algebra, call)
          const size = (index: number): number =>
            Math.max(Math.abs(low[index] ?? 0), Math.abs(high[index] ?? 0))
          const difference = worstDifference(out, nearest, (index) => slack * size(index) + 1e-30, layout)
          if (difference === undefined) return undefined
          const end = difference.found < difference.expected ? 'least' : 'largest'
          return {
            what: `${whereIs(difference, call)} is ${difference.found}; the ${end} value that the row sees is ${difference.expected}`,
            table: tableOf(
              difference,
              [
                ['out', out],
                ['least value', low],
                ['largest value', high],
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

/** Without it, scores of large rows may be too small for f32 altogether. */
const carriesScale = (attention: Attention): boolean =>
  attention.stabilize.kind === 'auto' && termsOf(attention).every(({ exponent }) => exponent !== undefined)

/** For each entry of the output, the least and the largest value that its row sees; 0 where it sees none. */
function rangeOfValues(
  { mask, valueDim }: Attention,
  { v, batch, heads, kvHeads, length, keyLength }: Call,
  withZero: boolean,
): { readonly low: Float64Array; readonly high: Float64Array } {
  const size = batch * heads * length * valueDim
  const low = new Float64Array(size)
  const high = new Float64Array(size)
  const sees = visibility(mask, keyLength)
  const every = Array.from({ length: keyLength }, (_, j) => j)
  for (let group = 0; group < batch * heads; group++) {
    const kvGroup = Math.floor(group / heads) * kvHeads + Math.floor(((group % heads) * kvHeads) / heads)
    for (let i = 0; i < length; i++) {
      const seen = every.filter((j) => sees(i, j))
      for (let column = 0; column < valueDim; column++) {
        let [least, largest] = withZero || seen.length === 0 ? [0, 0] : [Infinity, -Infinity]
        for (const j of seen) {
          const value = v[(kvGroup * keyLength + j) * valueDim + column] ?? 0
          least = Math.min(least, value)
          largest = Math.max(largest, value)
        }
        const index = (group * length + i) * valueDim + column
        low[index] = least
        high[index] = largest
      }
    }
  }
  return { low, high }
}
