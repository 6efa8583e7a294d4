/**
 * E[φ(q)·φ(k)] = κ(q, k): proved in closed form where that can be done, and
 * tested on the device in any case, since a proof says nothing of its kernels. Where
 * there is no closed form the expectation is integrated numerically, if it can be:
 * that refutes as a proof does, and what it does not refute is held.
 *
 * For the test (`bias.ts`), each of some calls draws projections anew. Calls are
 * made until a bias of 5% would be found in each entry with probability 0.99, as
 * the spread of the calls tells, which says nothing of their means; or until there
 * are two and a half times as many as are usual.
 */
import { featuresOf, seesPlace } from '../../algebra/facts.ts'
import { proveClaim, type ClaimVerdict } from '../../algebra/expectation/index.ts'
import { sampleGram, type SampleSize } from '../sampling/gram.ts'
import { type BiasVerdict, judgeBias, resolutionOf } from './bias.ts'
import { numberText } from './difference.ts'
import { tryFar } from './far.ts'
import { defaultRuns, type Effort, type Outcome, type Property, type Subject } from './property.ts'

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
    const gram = cannotBeSampled(subject)
      ? undefined
      : await sampleGram(
          subject.model,
          subject.platform,
          size,
          effort.seed,
          effort.say,
          (gram) => resolutionOf(gram) <= wantedResolution * Math.sqrt(defaultRuns / effort.runs),
        )
    const tested = gram && judgeBias(gram)
    if (tested?.refutation !== undefined) {
      return { ...tested.refutation, detail: `${tested.refutation.detail}${onPaper(verdict)}` }
    }
    const added = addedByMaxima(subject)
    if (verdict.status === 'proved')
      return {
        status: 'proved',
        detail: `E[φ(q)·φ(k)] = ${verdict.estimates}${tested === undefined ? '' : `; ${tested.words}`}${added}`,
      }
    return notProved(subject, verdict, tested, added)
  },
}

/**
 * What is true of all small rows may be false of others, so a claim is held only
 * where both were tried, or where a closed form says that it is true but for the
 * law of the rows.
 */
function notProved(
  subject: Subject,
  verdict: ClaimVerdict & { readonly reason: string },
  tested: BiasVerdict | undefined,
  added: string,
): Outcome {
  const far = tryFar(subject)
  if (far.refutation !== undefined) return far.refutation
  const isIntegrated = verdict.status === 'integrated'
  const isKnown = verdict.status === 'undecided' && verdict.holdsForNormalRows === true
  const tells = isIntegrated || (tested !== undefined && tested.resolution <= leastResolution)
  const status = tells && (far.untold.length === 0 || isKnown) ? 'held' : 'undecided'
  const alone = isKnown ? '' : far.untold.map((where) => `; nothing is known ${where}`).join('')
  if (tested === undefined || tested.entries === 0)
    return {
      status: isIntegrated ? status : 'skipped',
      detail: `${verdict.reason} And ${tested?.words ?? 'no test can tell'}${alone}`,
    }
  return { status, detail: `${tested.words}${added}${alone}; no proof: ${lowerFirst(verdict.reason)}` }
}

/** What is known beside a refutation by the kernels. */
function onPaper(verdict: ClaimVerdict): string {
  if (verdict.status === 'proved') return '; on paper the claim is true, so the kernels are wrong'
  if (verdict.status === 'integrated') return `; ${lowerFirst(verdict.reason)}, so the kernels are wrong`
  const isKnown = verdict.status === 'undecided' && verdict.estimates !== undefined
  return isKnown ? `; on paper: ${lowerFirst(verdict.reason)}` : ''
}

/** The claim is of the features as they are written. */
const addedByMaxima = ({ model: { stabilize } }: Subject): string =>
  stabilize.kind === 'max' && stabilize.offset > 0
    ? `; the ${numberText(stabilize.offset)} that \`stabilize: max\` adds to each feature is a bias that comes on top`
    : ''

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
/** Where only a larger one would show, the test decides nothing. */
const leastResolution = 0.1
const usualDraws = 40
const mostDraws = 2.5

function sampleSize({ model }: Subject, { sample, runs }: Effort): SampleSize {
  if (sample !== undefined) return sample
  const { dim, projections } = model
  // Whole blocks, so that rows of all places in a block are seen equally often.
  const rows = projections === undefined ? 0 : dim * Math.max(1, Math.round(1024 / dim))
  const draws = Math.max(24, Math.ceil((usualDraws * runs) / defaultRuns))
  return { draws: [draws, mostDraws * draws], projections: rows }
}

/** The rows of a test stand somewhere, and what is estimated would depend on where. */
function cannotBeSampled({ algebra }: Subject): boolean {
  const score = featuresOf(algebra)
  return score === undefined || seesPlace(score)
}
