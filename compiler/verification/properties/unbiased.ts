/**
 * E[φ(q)·φ(k)] = κ(q, k): proved in closed form where that can be done, and
 * tested on the device in any case, since a proof says nothing of its kernels.
 *
 * The test. Each of some calls draws projections anew and gives the mean of many
 * rows for each of 32 × 32 pairs of rows of norm 0.5 and 0.2. An entry refutes
 * the claim when its mean over the calls is farther from κ than a Student
 * variable would be with probability 1e-7 over the number of entries, beside what
 * rounding explains: a false alarm in one of 1e7 attentions. That assumes that a
 * call's mean over hundreds of rows is nearly normal; entries whose calls are too
 * skew for that (beyond 1.2, where 40 normal numbers have 0.37) are left out.
 *
 * Calls are made until a bias of 5% would be found in each entry with probability
 * 0.99, as the spread of the calls tells, which says nothing of their means; or
 * until there are four times as many as are usual.
 */
import { mentions } from '../../symbolic/traverse.ts'
import { proveClaim, type ClaimVerdict } from '../../algebra/expectation/index.ts'
import { sampleGram, type Gram, type SampleSize } from '../sampling/gram.ts'
import type { Moments } from '../statistics/moments.ts'
import { normalThreshold, studentThreshold } from '../statistics/quantiles.ts'
import { numberText } from './difference.ts'
import { defaultRuns, type Effort, type Outcome, type Property, type Subject } from './property.ts'

const falseAlarm = 1e-7
/** With this probability a bias of the stated size is found. */
const power = 0.99
const skewest = 1.2

export const unbiased: Property = {
  name: 'unbiased',
  onDevice: false,
  inapplicable: ({ model: { kernel, feature } }) => {
    if (feature === undefined) return 'nothing is estimated: the kernel itself is evaluated'
    return kernel === undefined ? 'no kernel is declared: the features are the definition' : undefined
  },
  check: async (subject, effort) => {
    effort.say('looking for a proof')
    const verdict = proveClaim(subject.model)
    if (verdict.status === 'refuted') return refutedOnPaper(verdict)
    const size = sampleSize(subject, effort)
    const gram = seesPlace(subject)
      ? undefined
      : await sampleGram(
          subject.model,
          subject.platform,
          size,
          effort.seed,
          effort.say,
          (claimed, moments) =>
            resolutionOf(claimed, moments) <= wantedResolution * Math.sqrt(defaultRuns / effort.runs),
        )
    const tested = gram && judge(gram)
    if (tested?.refutation !== undefined) {
      const proved =
        verdict.status === 'proved' ? '; on paper the claim is true, so the kernels are wrong' : ''
      return { ...tested.refutation, detail: `${tested.refutation.detail}${proved}` }
    }
    if (verdict.status === 'proved')
      return {
        status: 'proved',
        detail: `E[φ(q)·φ(k)] = ${verdict.estimates}${tested === undefined ? '' : `; ${tested.words}`}`,
      }
    if (tested === undefined || tested.entries === 0) return { status: 'skipped', detail: undecided(verdict) }
    return { status: 'held', detail: `${tested.words}; no proof: ${lowerFirst(verdict.reason)}` }
  },
}

const undecided = (verdict: ClaimVerdict): string =>
  verdict.status === 'undecided' ? `${verdict.reason} And no test can tell` : 'no test can tell'

const lowerFirst = (sentence: string): string =>
  `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`.replace(/\.$/, '')

function refutedOnPaper(verdict: ClaimVerdict & { readonly status: 'refuted' }): Outcome {
  const { estimates, counterexample, detail } = verdict
  const { q, k, expected, claimed, positions } = counterexample
  const shown = (row: readonly number[]): string => {
    const end = row.findLastIndex((entry) => entry !== 0) + 1
    const entries = row.slice(0, Math.max(1, Math.min(end, 6))).map(numberText)
    return `[${entries.join(', ')}${entries.length < row.length ? ', …' : ''}]`
  }
  return {
    status: 'refuted',
    detail: `estimates ${estimates}${detail === undefined ? '' : `. ${detail}`}`,
    counterexample: {
      case:
        positions === undefined
          ? 'rows as the kernel sees them, multiplied by the square root of the scale'
          : `query ${positions.i} and key ${positions.j} of ${positions.length} rows`,
      table: {
        columns: ['q', 'k', 'E[φ(q)·φ(k)]', 'kernel'],
        rows: [[shown(q), shown(k), numberText(expected), numberText(claimed)]],
      },
    },
  }
}

/** The share of a kernel entry that a bias must have to be found. */
const wantedResolution = 0.05
const usualDraws = 40

function sampleSize({ model }: Subject, { sample, runs }: Effort): SampleSize {
  if (sample !== undefined) return sample
  const { dim, projections } = model
  // Whole blocks, so that rows of all places in a block are seen equally often.
  const rows = projections === undefined ? 0 : dim * Math.max(1, Math.round(1024 / dim))
  const draws = Math.max(24, Math.ceil((usualDraws * runs) / defaultRuns))
  return { draws: [draws, 4 * draws], projections: rows }
}

/** What is estimated would then depend on where the rows stand, and the rows of the test stand somewhere. */
function seesPlace({ algebra: { score } }: Subject): boolean {
  if (score.kind !== 'factorised') return true
  return [...score.query, ...score.key].some(
    ({ value }) => mentions(value, 'position') || mentions(value, 'length'),
  )
}

const thresholdOf = (claimed: Float64Array, moments: Moments): number =>
  studentThreshold(falseAlarm / claimed.length / 2, moments.seen - 1)

const isSkew = (moments: Moments, index: number): boolean => Math.abs(moments.skewness(index)) > skewest

/**
 * How many standard errors a bias must have to be found with probability `power`. The
 * errors themselves are estimated, which widens the normal law of the estimate by
 * t²/2ν of its variance.
 */
export function errorsToFind(entries: number, draws: number): number {
  const freedom = draws - 1
  const threshold = studentThreshold(falseAlarm / entries / 2, freedom)
  return threshold + normalThreshold(1 - power) * Math.sqrt(1 + threshold ** 2 / (2 * freedom))
}

/** The bias that would be found in every entry, as a share of the kernel. */
function resolutionOf(claimed: Float64Array, moments: Moments): number {
  const errors = errorsToFind(claimed.length, moments.seen)
  // Shares of an entry that is nearly 0 beside the others say nothing.
  const least = 0.1 * claimed.reduce((top, kernel) => Math.max(top, Math.abs(kernel)), 0)
  return claimed.reduce(
    (largest, kernel, index) =>
      isSkew(moments, index)
        ? largest
        : Math.max(largest, (errors * moments.standardError(index)) / Math.max(least, Math.abs(kernel))),
    0,
  )
}

interface Verdict {
  readonly entries: number
  readonly words: string
  readonly refutation?: Outcome
}

export function judge({ queries, keys, claimed, rounding, moments, projections }: Gram): Verdict {
  const random = projections > 0
  const threshold = random ? thresholdOf(claimed, moments) : 0
  let worst = { index: -1, excess: 1 }
  let entries = 0
  claimed.forEach((kernel, index) => {
    if (random && isSkew(moments, index)) return
    entries++
    const error = random ? moments.standardError(index) : 0
    const allowed = threshold * error + (rounding[index] ?? 0)
    const excess = Math.abs(moments.mean(index) - kernel) / allowed
    if (excess > worst.excess) worst = { index, excess }
  })
  const sample = `over ${projections.toLocaleString('en-US')} projections`
  if (worst.index >= 0) {
    const { index } = worst
    const error = random ? moments.standardError(index) : 0
    const mean = moments.mean(index)
    const kernel = claimed[index] ?? 0
    const i = Math.floor(index / keys.length)
    const j = index % keys.length
    return {
      entries,
      words: '',
      refutation: {
        status: 'refuted',
        detail: random
          ? `the kernels' estimate is ${numberText(mean)} ± ${numberText(error)} ${sample} where the kernel is ${numberText(kernel)}`
          : `the kernels give ${numberText(mean)} where the kernel is ${numberText(kernel)}`,
        counterexample: {
          case: 'rows as the kernel sees them, multiplied by the square root of the scale',
          table: {
            columns: ['', 'first entries'],
            rows: [
              ['q', short(queries[i])],
              ['k', short(keys[j])],
            ],
          },
        },
      },
    }
  }
  const words = random
    ? `the kernels estimate it ${sample}, where a bias of ${percent(resolutionOf(claimed, moments))} would show`
    : `the kernels give it at ${entries} pairs of rows`
  return { entries, words }
}

const short = (row: Float64Array | undefined): string =>
  `[${Array.from(row?.subarray(0, 5) ?? [], (entry) => numberText(Number(entry.toPrecision(4)))).join(', ')}${(row?.length ?? 0) > 5 ? ', …' : ''}]`

export const percent = (share: number): string => `${Number((100 * share).toPrecision(2))}%`
