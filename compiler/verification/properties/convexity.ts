/** Where scores are positive, a row of the output is a weighted mean of value rows. */
import * as fc from 'fast-check'
import type { Attention } from '../../algebra/attention.ts'
import { callOf, cases, type Case, describeCase, longestOf } from '../cases/case.ts'
import type { Call } from '../execution/executor.ts'
import { lossOfSum } from '../rounding/bounded.ts'
import { visibility } from '../../algebra/interpret.ts'
import { layoutOf, tableOf, whereIs, worstDifference } from './difference.ts'
import { executorOf, type Property } from './property.ts'
import { tryCases } from './try-cases.ts'

/** Relative to the largest value that a row sees: roundings of two sums that share their weights. */
const slackOf = ({ score }: Attention, { keyLength }: Call): number =>
  2e-5 + 2 * lossOfSum(keyLength) + (score.kind === 'factorised' ? 2 * lossOfSum(score.features) : 0)

export const convexity: Property = {
  name: 'convexity',
  onDevice: true,
  inapplicable: ({ algebra }) => {
    if (algebra.normalize === 'none') return 'there is no denominator'
    if (algebra.score.kind === 'landmarks') return 'weights through landmarks may be negative'
    if (algebra.score.kind === 'compressed') return 'weights that pool the values may be negative'
    return signOf(algebra) === 'unknown' ? 'scores may be negative' : undefined
  },
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    const { model, algebra } = subject
    // With an ε, or where all scores may vanish, a row may also be smaller than every value.
    const shrinks = algebra.epsilon > 0 || signOf(algebra) === 'nonnegative'
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
        held: (count) => `${count} times every row lay within the range of the values that it sees`,
        attempt: async ({ shape, alike }) => {
          const random = callOf(model, shape)
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
function carriesScale({ stabilize, score }: Attention): boolean {
  if (stabilize.kind !== 'auto') return false
  const terms = score.kind === 'factorised' ? [...score.query, ...score.key] : [score.kernel]
  return terms.every(({ exponent }) => exponent !== undefined)
}

/** Of every score. */
export function signOf({ score }: Attention): 'positive' | 'nonnegative' | 'unknown' {
  if (score.kind !== 'factorised') return score.kernel.sign
  const signs = [...score.query, ...score.key].map(({ sign }) => sign)
  if (signs.includes('unknown')) return 'unknown'
  return signs.includes('nonnegative') ? 'nonnegative' : 'positive'
}

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
