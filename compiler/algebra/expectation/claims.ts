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
 *   integrated no closed form here, but numbers: at sample rows the integral over
 *              the projection is the kernel (`integrated.ts`), or else refuted
 *   undecided  everything else: a function without a closed form here, rows that
 *              are only nearly normal, constants typed with three digits
 *
 * `scale` multiplies the rows before either side sees them, so it cancels; a mask,
 * a decay and the denominator have no part in the claim.
 */
import type { AttentionModel } from '../../semantics/model.ts'
import { Divergent } from './convergence.ts'
import { counterexampleOf, kernelAt } from './counterexample.ts'
import { type Marginal, marginalOf } from './couplings.ts'
import { text } from './express.ts'
import { integrated } from './integrated.ts'
import { integrandOf } from './integrand.ts'
import { judge } from './judge.ts'
import { mean, type Mean } from './law.ts'
import { degreeInProjection } from './quadratic.ts'
import type { Basis } from './ring/functions.ts'
import { OutOfReach, type Value } from './ring/value.ts'
import { startStep, type Step, termSteps } from './steps.ts'
import { type Claim, type ClaimVerdict, seesPositions } from './verdict.ts'

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
  if (reduced.status !== 'undecided') return reduced
  return written.estimates === undefined ? (integrated(claim, written) ?? written) : written
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

function diverges(claim: Claim, { message, point }: Divergent, steps: readonly Step[]): ClaimVerdict {
  const condition = `The expectation exists only where ${message}.`
  const all = [...steps, { title: 'The expectation does not exist', formula: `it needs ${message}` }]
  if (claim.marginal?.exactDegree !== Infinity) return { status: 'undecided', reason: condition, steps: all }
  const claimed = kernelAt(claim.kernel, point)
  return {
    status: 'refuted',
    estimates: 'nothing: the expectation diverges',
    counterexample: counterexampleOf({ point, expected: Infinity, claimed }, seesPositions(claim)),
    detail: condition,
    steps: all,
  }
}
