/**
 * Does φ(q)·φ(k) estimate the kernel without bias, as the file claims?
 *
 * The feature's side is expanded and its expectation over the projection taken in
 * closed form; the kernel's side is expanded alike; and the two are compared in
 * normal form.
 *
 *   proved     the normal forms are the same, up to the rounding of constants
 *              (`compare.ts` says how much), and they agree at sample rows
 *   refuted    at concrete rows the two differ beyond doubt; what the feature
 *              estimates instead is given in closed form
 *   undecided  everything else: a function without a closed form here, rows that
 *              are only nearly normal, constants typed with three digits
 *
 * `scale` multiplies the rows before either side sees them, so it cancels; a mask,
 * a decay and the denominator have no part in the claim.
 */
import type { AttentionModel, FeatureModel } from '../../semantics/model.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { print } from '../../symbolic/print.ts'
import { mentions } from '../../symbolic/traverse.ts'
import {
  compareAt,
  type Comparison,
  type Counterexample,
  counterexampleOf,
  harmlessRatio,
  kernelAt,
  mostTelling,
} from './counterexample.ts'
import { likeness } from './compare.ts'
import { Divergent } from './convergence.ts'
import { type Marginal, marginalOf } from './couplings.ts'
import { express, text } from './express.ts'
import { integrandOf } from './integrand.ts'
import { mean, type Mean } from './law.ts'
import { liftScalar } from './lift.ts'
import { degreeInProjection } from './quadratic.ts'
import type { Basis } from './ring/functions.ts'
import { OutOfReach, type Value } from './ring/value.ts'
import { startStep, type Step, termSteps } from './steps.ts'

export type ClaimVerdict = Proved | Refuted | Undecided

export interface Proved {
  readonly status: 'proved'
  /** The common closed form, in the language. */
  readonly estimates: string
  readonly steps: readonly Step[]
}

export interface Refuted {
  readonly status: 'refuted'
  /** What φ(q)·φ(k) is on average: in the language, or in its style where it has no words for it. */
  readonly estimates: string
  /** Of `q`, `k`, `i`, `j` and `length`; absent where the language has no words for it. */
  readonly estimatesExpression?: Expression
  readonly counterexample: Counterexample
  /** A sentence on what this means for the outputs, where there is something to say. */
  readonly detail?: string
  readonly steps: readonly Step[]
}

export interface Undecided {
  readonly status: 'undecided'
  /** A sentence. */
  readonly reason: string
  /** What φ(q)·φ(k) is on average, as far as that is known. */
  readonly estimates?: string
  readonly steps: readonly Step[]
}

/** Of an attention with both a kernel and a feature; without one of them nothing is claimed. */
export function proveClaim(model: AttentionModel): ClaimVerdict {
  const { kernel, feature } = model
  if (kernel === undefined || feature === undefined)
    return { status: 'undecided', reason: 'The file claims no kernel for a feature.', steps: [] }
  const claim: Claim = {
    model,
    kernel,
    feature,
    marginal: model.projections && marginalOf(model.projections, model.dim),
  }
  const written = decide(claim, 'written')
  if (written.status !== 'undecided') return written
  const reduced = decide(claim, 'reduced')
  return reduced.status === 'undecided' ? written : reduced
}

interface Claim {
  readonly model: AttentionModel
  readonly kernel: Expression
  readonly feature: FeatureModel
  readonly marginal: Marginal | undefined
}

function decide(claim: Claim, basis: Basis): ClaimVerdict {
  const { model, feature, marginal } = claim
  const { dim } = model
  const steps: Step[] = [startStep(feature, dim)]
  if (marginal !== undefined) steps.push({ title: marginal.reason, formula: lawText(marginal) })
  try {
    const integrand = integrandOf(feature, basis)
    if (marginal !== undefined) steps.push({ title: 'Expanded', formula: `E_w[${text(integrand, dim)}]` })
    const { value, completed } = meanOf(integrand, marginal, dim)
    steps.push(...termSteps(completed, dim))
    const whole = marginal === undefined ? 'φ(q)·φ(k)' : 'E[φ(q)·φ(k)]'
    steps.push({ title: 'In all', formula: `${whole} = ${text(value, dim)}` })
    const exact = marginal === undefined || degreeInProjection(integrand) <= marginal.exactDegree
    return judge(claim, { value, exact, steps, basis })
  } catch (problem) {
    if (problem instanceof Divergent) return diverges(claim, problem, steps)
    if (problem instanceof OutOfReach)
      return { status: 'undecided', reason: `Not decidable here: ${problem.message}.`, steps }
    throw problem
  }
}

const lawText = ({ law }: Marginal): string =>
  ({
    normal: 'w ~ N(0, I)',
    'nearly normal': 'w ~ N(0, I), nearly',
    spherical: 'w uniform on the sphere of radius sqrt(dim)',
  })[law]

function meanOf(integrand: Value, marginal: Marginal | undefined, dim: number): Mean {
  if (marginal === undefined) return { value: integrand, completed: [] }
  return mean(integrand, marginal.law === 'spherical' ? 'spherical' : 'normal', dim)
}

interface Estimate {
  readonly value: Value
  /** Whether the rows have exactly the law that the expectation was taken under. */
  readonly exact: boolean
  readonly steps: readonly Step[]
  readonly basis: Basis
}

/** Less than this is not beyond doubt; sides that are the same agree to far more digits. */
const doubt = 1e-5

/** Rows that are only nearly normal are off by less than this. */
const nearness = 0.1

function judge(claim: Claim, { value, exact, steps, basis }: Estimate): ClaimVerdict {
  const { model, kernel } = claim
  const estimates = text(value, model.dim)
  const claimed = kernelValue(kernel, basis)
  const alike = claimed === undefined ? 'different' : likeness(value, claimed)
  const comparisons = compareAt(value, kernel, model.dim)
  const worst = mostTelling(comparisons)
  const largest = Math.max(0, ...comparisons.map(({ difference }) => difference))
  const undecided = (reason: string): Undecided => ({ status: 'undecided', reason, estimates, steps })
  if (comparisons.length === 0)
    return undecided('Not decidable here: the two sides are numbers at none of the rows tried.')
  if (alike === 'equal' && largest < 1e-3) {
    const all = [
      ...steps,
      { title: 'The same as the kernel', formula: `${print(kernel)} = ${kernelText(claim, claimed)}` },
    ]
    if (exact) return { status: 'proved', estimates, steps: all }
    return { ...undecided(`For normal rows it is exact. ${claim.marginal?.reason ?? ''}`), steps: all }
  }
  if (alike === 'rounded' && largest < 1e-2)
    return undecided(
      `It estimates ${estimates}, which is the kernel but for ${percent(largest)}, as if a constant had been rounded: give it more digits.`,
    )
  if (worst === undefined || largest < doubt)
    return undecided(
      'Not decidable here: the two sides agree at all rows tried, and no identity known here makes them equal.',
    )
  if (!exact && largest < nearness)
    return undecided(`For normal rows it estimates ${estimates}. ${claim.marginal?.reason ?? ''}`)
  return refute(claim, {
    value,
    estimates,
    worst,
    comparisons,
    steps: [...steps, differenceStep(claim, claimed, worst)],
  })
}

interface Difference {
  readonly value: Value
  readonly estimates: string
  readonly worst: Comparison
  readonly comparisons: readonly Comparison[]
  readonly steps: readonly Step[]
}

function refute(claim: Claim, { value, estimates, worst, comparisons, steps }: Difference): Refuted {
  const ratio = harmlessRatio(comparisons)
  const { normalize, epsilon } = claim.model
  const unaffected = normalize === 'sum' && epsilon === 0 ? '; normalised outputs are unaffected' : ''
  const details = [
    ...(ratio === undefined
      ? []
      : [`It estimates ${Number(ratio.toPrecision(6))} times the kernel${unaffected}.`]),
    ...(claim.marginal?.law === 'spherical' ? [sphereDetail(claim.marginal, estimates)] : []),
  ]
  return {
    status: 'refuted',
    estimates,
    ...expressed(value, claim.model.dim),
    counterexample: counterexampleOf(worst, seesPositions(claim.feature)),
    ...(details.length > 0 && { detail: details.join(' ') }),
    steps,
  }
}

const sphereDetail = ({ reason }: Marginal, estimates: string): string =>
  estimates.includes('S(') ? `${reason} ${seriesLegend}` : reason

/** What `text` writes for the mean of exp(dot(w, u)) over the sphere. */
const seriesLegend =
  'S(z) is the sum over n of (dim * z / 4)^n / (n! * (dim / 2) * (dim / 2 + 1) * … * (dim / 2 + n - 1)), less than exp(z / 2).'

function expressed(value: Value, dim: number): Pick<Refuted, 'estimatesExpression'> {
  try {
    return { estimatesExpression: express(value, dim) }
  } catch (problem) {
    if (problem instanceof OutOfReach) return {}
    throw problem
  }
}

function diverges(claim: Claim, { message, point }: Divergent, steps: readonly Step[]): ClaimVerdict {
  const condition = `The expectation exists only where ${message}.`
  const all = [...steps, { title: 'The expectation does not exist', formula: `it needs ${message}` }]
  if (claim.marginal?.exactDegree !== Infinity) return { status: 'undecided', reason: condition, steps: all }
  const claimed = kernelAt(claim.kernel, point)
  return {
    status: 'refuted',
    estimates: 'nothing: the expectation diverges',
    counterexample: counterexampleOf({ point, expected: Infinity, claimed }, seesPositions(claim.feature)),
    detail: condition,
    steps: all,
  }
}

function kernelValue(kernel: Expression, basis: Basis): Value | undefined {
  try {
    return liftScalar(kernel, { basis, names: {} })
  } catch (problem) {
    if (problem instanceof OutOfReach) return undefined
    throw problem
  }
}

const kernelText = ({ model }: Claim, value: Value | undefined): string =>
  value === undefined ? 'the kernel' : text(value, model.dim)

function differenceStep(
  claim: Claim,
  claimedValue: Value | undefined,
  { point, expected, claimed }: Comparison,
): Step {
  const first = (name: string): string => shortRow(Array.from(point.rows[name] ?? []))
  return {
    title: 'Not the kernel',
    formula: `the kernel is ${kernelText(claim, claimedValue)}: at q = ${first('q')}, k = ${first('k')} it is ${short(claimed)}, the estimate ${short(expected)}`,
  }
}

const short = (value: number): string => String(Number(value.toPrecision(6)))

/** Without the zeros at the end. */
function shortRow(row: readonly number[]): string {
  const end = row.findLastIndex((entry) => entry !== 0) + 1
  const shown = row.slice(0, Math.max(end, 1)).map(short)
  return `[${shown.join(', ')}${end < row.length ? ', 0, …' : ''}]`
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))}%`

const seesPositions = ({ query, key }: FeatureModel): boolean =>
  [...query, ...key].some((block) => mentions(block, 'position') || mentions(block, 'length'))
