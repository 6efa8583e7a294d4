/**
 * The variance of what one projection estimates is what the closed form says, and
 * coupled rows do no worse together than independent ones.
 *
 * Rows of projections are drawn as the runtime draws them, in whole blocks; blocks
 * are independent. With F the estimate of a row and μ its mean, the mean of
 * (F − μ)² over a block estimates the variance, and dim times the square of the
 * block's mean error estimates what is left of it in a mean over coupled rows.
 */
import { variance as closedVariance } from '../../algebra/expectation/index.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { estimates, type Pair } from '../sampling/estimates.ts'
import { directions } from '../sampling/rows.ts'
import { Moments } from '../statistics/moments.ts'
import { normalThreshold } from '../statistics/quantiles.ts'
import { numberText } from './difference.ts'
import { defaultRuns, type Effort, type Outcome, type Property, type Subject } from './property.ts'
import { percent } from './unbiased.ts'

/** Of the rows: the fourth moments that a test of variances rests on are then moderate. */
const norm = 0.25
const falseAlarm = 1e-8
/** Rows of projections at the usual effort. */
const usualRows = 40_000
const fewestBlocks = 200

export const variance: Property = {
  name: 'variance',
  onDevice: false,
  inapplicable: ({ model: { feature, projections } }) =>
    feature === undefined || projections === undefined ? 'nothing is random' : undefined,
  check: async (subject, effort) => {
    effort.say('taking the second moment')
    const closed = closedVariance(subject.model)
    if (closed.kind !== 'closed') return { status: 'skipped', detail: lowerFirst(closed.reason) }
    const pairs = pairsOf(subject)
    const sample = sampled(
      subject,
      effort,
      pairs,
      pairs.map((pair) => closed.meanAt(pair)),
    )
    return judge(
      subject,
      sample,
      pairs,
      pairs.map((pair) => closed.at(pair, 1)),
      closed.formula,
    )
  },
}

const lowerFirst = (sentence: string): string =>
  `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`.replace(/\.$/, '')

function pairsOf({ model: { dim } }: Subject): Pair[] {
  const rows = directions(dim, 8, 3).map((row) => row.map((entry) => entry * norm))
  const row = (n: number): Float64Array => rows[n] ?? new Float64Array(dim)
  return [
    { q: row(0), k: row(0) },
    { q: row(0), k: row(2) },
    { q: row(3), k: row(5) },
    { q: row(5), k: row(6) },
  ]
}

interface Sample {
  /** Over blocks, one entry a pair. */
  readonly ofRows: Moments
  readonly ofMeans: Moments
}

function sampled(
  { model, algebra, platform }: Subject,
  { seed, runs }: Effort,
  pairs: readonly Pair[],
  means: readonly number[],
): Sample {
  const { dim, projections } = model
  invariant(projections !== undefined, 'rows are drawn by a law')
  const blocks = Math.max(fewestBlocks, Math.ceil((usualRows * runs) / defaultRuns / dim))
  const { coupling, fixedNorm } = projections
  const height = blockHeight(coupling, dim)
  const drawn = platform.draw({ rows: blocks * height, dim, coupling, fixedNorm, seed })
  const found = estimates(algebra, pairs, drawn)
  const none = new Float64Array(pairs.length)
  const sample = { ofRows: new Moments(none), ofMeans: new Moments(none) }
  for (let block = 0; block < blocks; block++) {
    const errors = found.map((values, n) =>
      values.subarray(block * height, (block + 1) * height).map((value) => value - (means[n] ?? 0)),
    )
    sample.ofRows.add(errors.map((part) => part.reduce((sum, error) => sum + error * error, 0) / height))
    sample.ofMeans.add(errors.map((part) => part.reduce((sum, error) => sum + error, 0) ** 2 / height))
  }
  return sample
}

/** Rows that depend on one another. */
const blockHeight = (coupling: string, dim: number): number =>
  coupling === 'hadamard' ? 2 ** Math.ceil(Math.log2(dim)) : dim

function judge(
  { model: { projections } }: Subject,
  { ofRows, ofMeans }: Sample,
  pairs: readonly Pair[],
  expected: readonly number[],
  formula: string,
): Outcome {
  const threshold = normalThreshold(falseAlarm / pairs.length / 2)
  let largest = 0
  let share = 0
  for (const [n, wanted] of expected.entries()) {
    const found = ofRows.mean(n)
    const rounding = 1e-12 * (1 + Math.abs(wanted))
    largest = Math.max(largest, Math.abs(found / wanted - 1))
    if (Math.abs(found - wanted) > threshold * ofRows.standardError(n) + rounding)
      return wrong(
        `a projection's estimate varies by ${numberText(found)}, by the formula ${numberText(wanted)}`,
        pairs[n],
      )
    const coupled = ofMeans.mean(n)
    share = Math.max(share, coupled / wanted)
    if (coupled > wanted + threshold * ofMeans.standardError(n) + rounding)
      return wrong(
        `a mean over ${projections?.coupling ?? ''} rows varies ${numberText(coupled / wanted)} times as much as one over independent rows`,
        pairs[n],
      )
  }
  const together =
    projections?.coupling === 'iid'
      ? ''
      : `; together, ${projections?.coupling ?? ''} rows have ${percent(share)} of it or less`
  return {
    status: 'held',
    detail: `${shortened(formula)}, within ${percent(largest)} of what is drawn${together}`,
  }
}

const shortened = (formula: string): string => (formula.length > 100 ? 'the closed form' : formula)

function wrong(detail: string, pair: Pair | undefined): Outcome {
  const shown = (row: Float64Array | undefined): string =>
    `[${Array.from(row?.subarray(0, 5) ?? [], numberText).join(', ')}${(row?.length ?? 0) > 5 ? ', …' : ''}]`
  return {
    status: 'refuted',
    detail,
    counterexample: {
      case: 'rows as the kernel sees them, multiplied by the square root of the scale',
      table: {
        columns: ['', 'first entries'],
        rows: [
          ['q', shown(pair?.q)],
          ['k', shown(pair?.k)],
        ],
      },
    },
  }
}
