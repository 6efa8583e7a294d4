/** Compares the expectation of φ(q)·φ(k) with the kernel that the file claims. */
import type { AttentionModel } from '../../semantics/model.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { print } from '../../symbolic/print.ts'
import { likeness } from './compare.ts'
import {
  type Comparison,
  comparisons,
  comparisonText,
  constantRatio,
  counterexampleOf,
  largerComparisons,
  mostTelling,
  short,
} from './counterexample.ts'
import type { Marginal } from './couplings.ts'
import { express, text } from './express.ts'
import { liftScalar } from './lift.ts'
import { asConstant, multiply } from './ring/arithmetic.ts'
import { mentions } from './ring/atoms.ts'
import { type Basis, power } from './ring/functions.ts'
import { OutOfReach, type Value } from './ring/value.ts'
import type { Step } from './steps.ts'
import { type Claim, type ClaimVerdict, type Refuted, seesPositions, type Undecided } from './verdict.ts'

/** E[φ(q)·φ(k)] in closed form, and how it was found. */
export interface Estimate {
  readonly value: Value
  /** Whether the rows have exactly the law that the expectation was taken under. */
  readonly exact: boolean
  readonly steps: readonly Step[]
  readonly basis: Basis
}

/** A smaller relative difference is not beyond doubt; sides that are the same agree to far more digits. */
const doubt = 1e-5

/** Rows that are only nearly normal are off by less than this. */
const nearness = 0.1

/** What constants typed with so many digits may come to at rows of moderate size. */
const leeway = { equal: 1e-3, rounded: 1e-2 } as const

/** Compares the expectation with the kernel: proved, refuted with rows at which they differ, or undecided. */
export function judge(claim: Claim, estimate: Estimate): ClaimVerdict {
  const { model, kernel, marginal } = claim
  const { value, exact, steps, basis } = estimate
  const estimates = text(value, model.dim)
  const claimed = kernelValue(kernel, basis)
  const alike = claimed === undefined ? 'different' : likeness(value, claimed)
  const moderate = comparisons(value, kernel, model.dim)
  const apart = largest(moderate)
  const undecided = (reason: string): Undecided => ({ status: 'undecided', reason, estimates, steps })
  if (moderate.length === 0)
    return undecided('Not decidable here: the two sides are numbers at none of the rows tried.')
  if (alike === 'equal') {
    if (apart >= leeway.equal) return undecided('Not decidable here: the constants lose too many digits.')
    const last = {
      title: 'The same as the kernel',
      formula: `${print(kernel)} = ${sideText(claim, claimed)}`,
    }
    if (exact) return { status: 'proved', estimates, steps: [...steps, last] }
    return {
      ...undecided(`For normal rows it is exact. ${marginal?.reason ?? ''}`),
      holdsForNormalRows: true,
      steps: [...steps, last],
    }
  }
  if (alike === 'rounded' && apart < leeway.rounded)
    return undecided(
      `It estimates ${estimates}, which is the kernel but for ${percent(apart)}, as if a constant had been rounded: give it more digits.`,
    )
  const all = apart < doubt ? [...moderate, ...largerComparisons(value, kernel, model.dim)] : moderate
  const worst = mostTelling(all, doubt)
  if (worst === undefined)
    return undecided(
      'Not decidable here: the two sides agree at all rows tried, and no identity known here makes them equal.',
    )
  if (!exact && largest(all) < nearness)
    return undecided(`For normal rows it estimates ${estimates}. ${marginal?.reason ?? ''}`)
  return {
    status: 'refuted',
    estimates,
    ...expressed(value, model.dim),
    counterexample: counterexampleOf(worst, seesPositions(claim)),
    ...detailOf(claim, { value, claimed, all, estimates }),
    steps: [...steps, differenceStep(claim, claimed, worst)],
  }
}

const largest = (all: readonly Comparison[]): number =>
  Math.max(0, ...all.map(({ difference }) => difference))

function kernelValue(kernel: Expression, basis: Basis): Value | undefined {
  try {
    return liftScalar(kernel, { basis, names: {} })
  } catch (problem) {
    if (problem instanceof OutOfReach) return undefined
    throw problem
  }
}

const sideText = ({ model }: Claim, claimed: Value | undefined): string =>
  claimed === undefined ? 'the kernel' : text(claimed, model.dim)

function expressed(value: Value, dim: number): Pick<Refuted, 'estimatesExpression'> {
  try {
    return { estimatesExpression: express(value, dim) }
  } catch (problem) {
    if (problem instanceof OutOfReach) return {}
    throw problem
  }
}

interface Difference {
  readonly value: Value
  readonly claimed: Value | undefined
  readonly all: readonly Comparison[]
  readonly estimates: string
}

function detailOf(
  { model, marginal }: Claim,
  { value, claimed, all, estimates }: Difference,
): Pick<Refuted, 'detail'> {
  const ratio = constantRatio(all)
  const factor = ratio === undefined ? queryFactor(value, claimed) : undefined
  const constantly = factor && asConstant(factor)?.re
  const sentences: string[] = []
  const number = ratio ?? constantly
  if (number !== undefined)
    sentences.push(`It estimates ${short(number)} times the kernel${unaffected(model)}.`)
  else if (factor !== undefined)
    sentences.push(
      `It estimates ${text(factor, model.dim)} times the kernel, a factor of the query alone${unaffected(model)}.`,
    )
  if (marginal?.law === 'spherical') sentences.push(sphereSentence(marginal, estimates))
  return sentences.length === 0 ? {} : { detail: sentences.join(' ') }
}

/** By a factor that all keys of a query share. */
export const unaffected = ({ normalize, epsilon }: AttentionModel): string =>
  normalize === 'sum' && epsilon === 0 ? '; normalised outputs are unaffected' : ''

/** The estimate over the kernel, where both are single terms and no key is in it. */
function queryFactor(value: Value, claimed: Value | undefined): Value | undefined {
  if (value.length !== 1 || claimed?.length !== 1) return undefined
  const ratio = multiply(value, power(claimed, -1))
  return mentions(ratio, 'k') || mentions(ratio, 'j') ? undefined : ratio
}

const sphereSentence = ({ reason }: Marginal, estimates: string): string =>
  estimates.includes('S(') ? `${reason} ${seriesLegend}` : reason

/** What `text` writes for the mean of exp(dot(w, u)) over the sphere. */
const seriesLegend =
  'S(z) is the sum over n of (dim * z / 4)^n / (n! * (dim / 2) * (dim / 2 + 1) * … * (dim / 2 + n - 1)), less than exp(z / 2).'

function differenceStep(claim: Claim, claimedValue: Value | undefined, comparison: Comparison): Step {
  return {
    title: 'Not the kernel',
    formula: `the kernel is ${sideText(claim, claimedValue)}: ${comparisonText(comparison)}`,
  }
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))}%`
