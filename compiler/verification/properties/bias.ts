/**
 * Whether estimates of kernel entries are off, by a test that hardly ever says so
 * of what is right.
 *
 * Each of some calls gives the mean over many rows of a projection for each of
 * 32 × 32 pairs of rows of norm 0.5 and 0.2. An entry refutes the claim when its
 * mean over the calls is farther from κ than a Student variable would be with
 * probability 1e-7 over the number of entries, beside what rounding explains: a
 * false alarm in one of 1e7 attentions.
 *
 * That assumes that a call's mean over hundreds of rows is nearly normal; entries
 * whose calls are too skew for that (`normality.ts`) are left out. And it assumes
 * that the calls have seen what the mean rests on. Where the variance has a closed
 * form, an error is therefore never taken for smaller than that says of
 * independent rows: what is as rare as it is large may not have been drawn at all.
 */
import type { Gram } from '../sampling/gram.ts'
import { isSkew } from '../statistics/normality.ts'
import { normalThreshold, studentThreshold } from '../statistics/quantiles.ts'
import { numberText } from './difference.ts'
import type { Outcome } from './property.ts'

const falseAlarm = 1e-7
/** With this probability a bias of the stated size is found. */
const power = 0.99

/** Of the mean over all calls; infinite where nothing can be said of it. */
function errorOf({ moments, deviation, projections }: Gram, index: number): number {
  if (projections === 0) return 0
  if (isSkew(moments, index)) return Infinity
  return Math.max(moments.standardError(index), (deviation?.[index] ?? 0) / Math.sqrt(projections))
}

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

/** The bias that would be found in every entry that can be judged, as a share of the kernel. */
export function resolutionOf(gram: Gram): number {
  const { claimed, moments } = gram
  const errors = errorsToFind(claimed.length, moments.seen)
  // Shares of an entry that is nearly 0 beside the others say nothing.
  const least = 0.1 * claimed.reduce((top, kernel) => Math.max(top, Math.abs(kernel)), 0)
  return claimed.reduce((largest, kernel, index) => {
    const error = errorOf(gram, index)
    return error === Infinity
      ? largest
      : Math.max(largest, (errors * error) / Math.max(least, Math.abs(kernel)))
  }, 0)
}

export interface BiasVerdict {
  /** Pairs of rows of which something can be said. */
  readonly entries: number
  readonly words: string
  /** The bias that would have been found, as a share of the kernel. */
  readonly resolution: number
  readonly refutation?: Outcome
}

export function judgeBias(gram: Gram): BiasVerdict {
  const { claimed, rounding, moments, projections } = gram
  const random = projections > 0
  const threshold = random ? studentThreshold(falseAlarm / claimed.length / 2, moments.seen - 1) : 0
  let worst = { index: -1, excess: 1 }
  let entries = 0
  claimed.forEach((kernel, index) => {
    const error = errorOf(gram, index)
    if (error === Infinity) return
    entries++
    const allowed = threshold * error + (rounding[index] ?? 0)
    const excess = Math.abs(moments.mean(index) - kernel) / allowed
    if (excess > worst.excess) worst = { index, excess }
  })
  const resolution = random ? resolutionOf(gram) : 0
  if (worst.index >= 0) return { entries, words: '', resolution, refutation: refuted(gram, worst.index) }
  return {
    entries,
    resolution,
    words: random ? sampleWords(gram, entries) : `the kernels give it at ${entries} pairs of rows`,
  }
}

const sampleOf = ({ projections }: Gram): string => `over ${projections.toLocaleString('en-US')} projections`

function sampleWords(gram: Gram, entries: number): string {
  if (entries === 0) return `what the kernels estimate ${sampleOf(gram)} has tails too heavy to tell its mean`
  const judged =
    entries === gram.claimed.length ? '' : ` at ${entries} of ${gram.claimed.length} pairs of rows`
  return `the kernels estimate it ${sampleOf(gram)}, where a bias of ${leastBias(gram)}${judged} would show`
}

/** A kernel that is 0 has no shares. */
function leastBias(gram: Gram): string {
  const { claimed, moments } = gram
  if (claimed.some((kernel) => kernel !== 0)) return percent(resolutionOf(gram))
  const errors = Array.from(claimed, (_, index) => errorOf(gram, index)).filter(Number.isFinite)
  return numberText(errorsToFind(claimed.length, moments.seen) * Math.max(...errors))
}

function refuted(gram: Gram, index: number): Outcome {
  const { queries, keys, claimed, moments, projections } = gram
  const mean = numberText(moments.mean(index))
  const kernel = `where the kernel is ${numberText(claimed[index] ?? 0)}`
  return {
    status: 'refuted',
    detail:
      projections > 0
        ? `the kernels' estimate is ${mean} ± ${numberText(errorOf(gram, index))} ${sampleOf(gram)} ${kernel}`
        : `the kernels give ${mean} ${kernel}`,
    counterexample: {
      case: 'rows as the kernel sees them, multiplied by the square root of the scale',
      table: {
        columns: ['', 'first entries'],
        rows: [
          ['q', short(queries[Math.floor(index / keys.length)])],
          ['k', short(keys[index % keys.length])],
        ],
      },
    },
  }
}

const short = (row: Float64Array | undefined): string =>
  `[${Array.from(row?.subarray(0, 5) ?? [], (entry) => numberText(Number(entry.toPrecision(4)))).join(', ')}${(row?.length ?? 0) > 5 ? ', …' : ''}]`

export const percent = (share: number): string => `${Number((100 * share).toPrecision(2))}%`
