/**
 * The variance of what one projection estimates is what the closed form says, and
 * orthogonal rows keep together what a theorem promises of them.
 *
 * Rows of projections are drawn as the runtime draws them, in whole blocks; blocks
 * are independent. With F the estimate of a row and μ its mean, the mean of
 * (F − μ)² over a block estimates the variance, and dim times the square of the
 * block's mean error estimates what is left of it in a mean over coupled rows. Where
 * no theorem bounds that, coupled rows may do worse than independent ones, as the
 * opposite rows of a simplex of two do with even functions: then it is only said.
 *
 * The blocks are put into forty groups, whose means a Student test is made of that
 * refutes what is right once in 1e8 attentions. Squares of what grows exponentially
 * rest on what is hardly ever drawn, and then look too small and too certain. So
 * their error is never taken for smaller than the fourth moment says. Where that is
 * infinite, or so large that not even twice the variance would show, nothing is
 * concluded, and where it has no closed form here, nothing of pairs of rows whose
 * groups are too skew.
 */
import { blockHeight } from '../../../runtime/contract/projections.ts'
import { drawnLaw } from '../../semantics/model.ts'
import { variance as closedVariance, fourthMoment } from '../../algebra/expectation/index.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { estimates, type Pair } from '../sampling/estimates.ts'
import { directions } from '../sampling/rows.ts'
import { Moments } from '../statistics/moments.ts'
import { isSkew } from '../statistics/normality.ts'
import { studentThreshold } from '../statistics/quantiles.ts'
import { numberText } from './difference.ts'
import { defaultRuns, type Effort, type Outcome, type Property, type Subject } from './property.ts'
import { percent } from './bias.ts'

/** Of the rows: the fourth moments that a test of variances rests on are then moderate. */
const norm = 0.25
const falseAlarm = 1e-8
/** Rows of projections at the usual effort. */
const usualRows = 40_000
const fewestBlocks = 200
/** As many times as many are drawn where tails are heavy. */
const mostRows = 4
const groups = 40
/** Below this share of the variance, coupled rows are seen to do better, noise aside. */
const plainGain = 0.9

export const variance: Property = {
  name: 'variance',
  onDevice: false,
  inapplicable: ({ model: { feature, projections } }) =>
    feature === undefined || projections === undefined ? 'nothing is random' : undefined,
  check: async (subject, effort) => {
    effort.say('taking the second moment')
    const closed = closedVariance(subject.model)
    if (closed.kind !== 'closed') return { status: 'skipped', detail: lowerFirst(closed.reason) }
    const fourth = fourthMoment(subject.model)
    if (fourth.kind === 'infinite') return untold(closed.formula, lowerFirst(fourth.reason))
    const { dim, projections } = subject.model
    const coupling = projections?.coupling
    const pairs = pairsOf(subject).map((pair) => ({
      ...pair,
      mean: closed.meanAt(pair),
      variance: closed.at(pair, 1),
      bound:
        coupling === 'iid' ? closed.at(pair, 1) : closed.orthogonal && dim * closed.orthogonal.at(pair, dim),
      fourth: fourth.kind === 'closed' ? fourth.at(pair) : undefined,
    }))
    return judge(subject, sampled(subject, effort, pairs), pairs, closed.formula)
  },
}

/** A pair of rows, and what closed forms say of the estimates of its kernel entry. */
interface KnownPair extends Pair {
  readonly mean: number
  readonly variance: number
  /** What the mean of a block varies by, times its rows: no more than this, where that is known. */
  readonly bound: number | undefined
  /** E[(F − E[F])⁴], where it is known. */
  readonly fourth: number | undefined
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
  /** Over groups of blocks, one entry a pair. */
  readonly ofRows: Moments
  readonly ofMeans: Moments
  readonly rows: number
}

function sampled({ model, algebra, platform }: Subject, effort: Effort, pairs: readonly KnownPair[]): Sample {
  const { dim } = model
  const law = drawnLaw(model)
  invariant(law !== undefined, 'rows are drawn by a law')
  const wanted = Math.max(fewestBlocks, rowsToDraw(pairs, effort) / dim)
  const inGroup = Math.ceil(wanted / groups)
  const height = blockHeight(law)
  const rows = groups * inGroup * height
  const found = estimates(algebra, pairs, platform.draw({ ...law, rows, seed: effort.seed }))
  const errors = found.map((values, n) => values.map((value) => value - (pairs[n]?.mean ?? 0)))
  const none = new Float64Array(pairs.length)
  const sample = { ofRows: new Moments(none), ofMeans: new Moments(none), rows }
  const square = (error: number): number => error * error
  for (let group = 0; group < groups; group++) {
    const blocks = Array.from({ length: inGroup }, (_, n) => (group * inGroup + n) * height)
    const ofBlocks = (of: (block: Float64Array) => number): number[] =>
      errors.map((all) => mean(blocks.map((start) => of(all.subarray(start, start + height)))))
    sample.ofRows.add(ofBlocks((block) => mean(block.map(square))))
    sample.ofMeans.add(ofBlocks((block) => height * square(mean(block))))
  }
  return sample
}

function mean(numbers: Iterable<number>): number {
  let [sum, count] = [0, 0]
  for (const number of numbers) {
    sum += number
    count++
  }
  return sum / count
}

/** Of a difference of squares. */
const rounding = ({ mean: expected, variance: square }: KnownPair): number =>
  1e-12 * (expected ** 2 + square) + 1e-30

/** Where the estimate does not vary at all, but for the rounding of its closed form. */
const isStill = (pair: KnownPair): boolean => pair.variance <= rounding(pair)

/** Of the mean of the squares of that many errors, by their fourth moment. */
const knownError = ({ variance: square, fourth = 0 }: KnownPair, rows: number): number =>
  Math.sqrt(Math.max(0, fourth - square ** 2) / rows)

/** A difference of so many errors refutes. */
const thresholdOf = (pairs: readonly KnownPair[]): number =>
  studentThreshold(falseAlarm / (3 * pairs.length), groups - 1)

/** Rows that show twice the variance at every pair, within reason. */
function rowsToDraw(pairs: readonly KnownPair[], { runs }: Effort): number {
  const usual = (usualRows * runs) / defaultRuns
  const ratio = Math.max(
    ...pairs.map((pair) => (isStill(pair) ? 0 : knownError(pair, usual) / pair.variance)),
  )
  return usual * Math.min(mostRows, Math.max(1, (thresholdOf(pairs) * ratio) ** 2))
}

function judge(
  { model: { projections } }: Subject,
  { ofRows, ofMeans, rows }: Sample,
  pairs: readonly KnownPair[],
  formula: string,
): Outcome {
  const threshold = thresholdOf(pairs)
  const coupling = projections?.coupling ?? 'iid'
  const tells = (pair: KnownPair, n: number): boolean =>
    pair.fourth === undefined ? !isSkew(ofRows, n) : threshold * knownError(pair, rows) <= pair.variance
  const judged = [...pairs.entries()].filter(([n, pair]) => isStill(pair) || tells(pair, n))
  if (judged.length === 0)
    return untold(formula, `its tails are too heavy for ${rows.toLocaleString('en-US')} projections`)
  let largest = 0
  let share = 0
  let isWorse = false
  for (const [n, pair] of judged) {
    const { variance: wanted, bound } = pair
    const found = ofRows.mean(n)
    if (!isStill(pair)) largest = Math.max(largest, Math.abs(found / wanted - 1))
    const error = Math.max(knownError(pair, rows), ofRows.standardError(n))
    if (Math.abs(found - wanted) > threshold * error + rounding(pair))
      return wrong(
        `a projection's estimate varies by ${numberText(found)}, by the formula ${numberText(wanted)}`,
        pair,
      )
    const coupled = ofMeans.mean(n)
    const doubt = threshold * ofMeans.standardError(n) + rounding(pair)
    if (!isStill(pair)) share = Math.max(share, coupled / wanted)
    if (coupled > wanted + doubt) isWorse = true
    if (bound !== undefined && coupled > bound + doubt)
      return wrong(
        `a mean over ${coupling} rows varies ${numberText(coupled / wanted)} times as much as one over independent rows, where ${numberText(bound / wanted)} is the most that it may`,
        pair,
      )
  }
  const gain = share < plainGain ? `have ${percent(share)} of it or less` : 'do no worse'
  const words = isWorse
    ? `vary up to ${Number(share.toPrecision(3))} times as much as independent ones`
    : gain
  const together = coupling === 'iid' ? '' : `; together, ${coupling} rows ${words}`
  const where = judged.length === pairs.length ? '' : ` at ${judged.length} of ${pairs.length} pairs of rows`
  return {
    status: 'held',
    detail: `${shortened(formula)}, within ${percent(largest)} of what is drawn${where}${together}`,
  }
}

const untold = (formula: string, why: string): Outcome => ({
  status: 'skipped',
  detail: `${shortened(formula)}, which no sample tells: ${why}`,
})

const shortened = (formula: string): string => (formula.length > 100 ? 'the closed form' : formula)

function wrong(detail: string, pair: Pair): Outcome {
  const shown = (row: Float64Array): string =>
    `[${Array.from(row.subarray(0, 5), numberText).join(', ')}${row.length > 5 ? ', …' : ''}]`
  return {
    status: 'refuted',
    detail,
    counterexample: {
      case: 'rows as the kernel sees them, multiplied by the square root of the scale',
      table: {
        columns: ['', 'first entries'],
        rows: [
          ['q', shown(pair.q)],
          ['k', shown(pair.k)],
        ],
      },
    },
  }
}
