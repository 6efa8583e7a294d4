/**
 * Claims without a closed form, held against numbers.
 *
 * Where a feature sees the projection row w through linear forms alone, E[φ(q)·φ(k)]
 * at given rows is an integral over a plane, which `quadrature/` takes to ten digits
 * and more, with an error. It is compared with the kernel at some pairs of rows: a
 * difference far beyond the error refutes the claim; agreement everywhere is no
 * proof, and is said to be none.
 */
import type { AttentionModel } from '../../semantics/model.ts'
import { environmentOf } from '../../symbolic/evaluate.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { print } from '../../symbolic/print.ts'
import {
  type Comparison,
  comparisonText,
  constantRatio,
  counterexampleOf,
  kernelAt,
  mostTelling,
  rowsText,
  short,
} from './counterexample.ts'
import { marginalOf } from './couplings.ts'
import { unaffected } from './judge.ts'
import { integrate, type Integral } from './quadrature/integrate.ts'
import { coordinatesOf } from './quadrature/plane.ts'
import { residual } from './quadrature/residual.ts'
import { normalRadius, type RadialLaw, sphericalRadius } from './quadrature/rules.ts'
import { comparisonPoints, pointsOfLength } from './points.ts'
import type { Point } from './ring/evaluate.ts'
import { OutOfReach } from './ring/value.ts'
import type { Step } from './steps.ts'
import { type Claim, type ClaimVerdict, type Undecided, seesPositions } from './verdict.ts'

/** Relative differences: up to the first, sides are the same; from the second on, no rounding of constants explains them. */
const same = 1e-6
const different = 2e-3

/** Of the magnitude of an integral, where terms cancel; and of that of all, where everything is nearly 0. */
const cancelled = 1e-6
const vanishing = 1e-9

/** The error of an integral that says something, as a share of its magnitude. */
const useful = 1e-4
const errors = 10
const least = 1e-12

/**
 * Beyond the first, an integral has not settled, for kinks in places that are not
 * looked for, and steps between rules may by chance be far smaller than its error:
 * only more than the second, again of the magnitude, is then a difference.
 */
const rough = 1e-8
const beyondChance = 1e-3

/** Of the magnitude: a value of which a relative error says something. */
const shown = 1e-2

interface Sample extends Comparison {
  readonly integral: Integral
}

/** Undefined where the integrals are out of reach; `open` is what closed forms said. */
export function integrated(claim: Claim, open: Undecided): ClaimVerdict | undefined {
  const { model, kernel, marginal } = claim
  const law = radialLaw(claim)
  if (law === undefined || marginal?.exactDegree !== Infinity) return undefined
  const ordinary = Math.sqrt(model.dim * model.scale)
  const points = [...comparisonPoints(model.dim), ...pointsOfLength(model.dim, [0.2, ordinary])]
  const samples = samplesAt(claim, law, points)
  const steps = [...open.steps, integrationStep(samples)]
  const worst = mostTelling(samples, different)
  if (worst !== undefined) {
    const ratio = constantRatio(samples.filter(telling))
    return {
      status: 'refuted',
      estimates:
        ratio === undefined
          ? `${short(worst.expected)} ${rowsText(worst)}, where the kernel is ${short(worst.claimed)}`
          : `${short(ratio)} times the kernel`,
      counterexample: counterexampleOf(worst, seesPositions(claim)),
      detail: `Found by numerical integration, with an error below ${accuracyText([worst])}${ratio === undefined ? '' : unaffected(model)}.`,
      steps: [...steps, differenceStep(kernel, worst)],
    }
  }
  if (samples.length < points.length / 2) return undefined
  const apart = Math.max(...samples.map(({ difference }) => difference))
  if (apart > same)
    return {
      ...open,
      reason: `Integrated numerically it estimates the kernel but for ${Number((100 * apart).toPrecision(2))}%, as if a constant had been rounded: give it more digits.`,
      steps,
    }
  return {
    status: 'integrated',
    reason: `${open.reason.replace(/\.$/, '')}, but integrated numerically it is the kernel, within ${accuracyText(samples)} at ${samples.length} of ${points.length} pairs of rows.`,
    steps,
  }
}

/**
 * E[φ(q)·φ(k)] at any rows and places, with a bound on its error; undefined where
 * features see the projection through more than linear forms, or rows are only
 * nearly normal, and at a point where the integral is not settled.
 */
export function expectationAt(
  model: AttentionModel,
): ((at: Place) => { readonly value: number; readonly error: number } | undefined) | undefined {
  const { kernel, feature, projections } = model
  if (kernel === undefined || feature === undefined || projections === undefined) return undefined
  const marginal = marginalOf(projections, model.dim)
  const claim: Claim = { model, kernel, feature, marginal }
  const law = radialLaw(claim)
  if (law === undefined || marginal.exactDegree !== Infinity) return undefined
  return ({ q, k, i, j, length }) => {
    const integral = integralAt(claim, law, { rows: { q, k }, scalars: { i, j, length } })
    if (integral === undefined) return undefined
    const { value, error, magnitude } = integral
    const floor = error > rough * magnitude ? beyondChance : cancelled
    return { value, error: errors * error + floor * magnitude }
  }
}

interface Place {
  readonly q: Float64Array
  readonly k: Float64Array
  readonly i: number
  readonly j: number
  readonly length: number
}

function radialLaw({ model, marginal }: Claim): RadialLaw | undefined {
  return marginal?.law === 'spherical' ? sphericalRadius(model.dim) : normalRadius
}

function samplesAt(claim: Claim, law: RadialLaw, points: readonly Point[]): Sample[] {
  const found = points.flatMap((point) => {
    const claimed = kernelAt(claim.kernel, point)
    const integral = Number.isFinite(claimed) ? integralAt(claim, law, point) : undefined
    if (integral === undefined || !(integral.error <= useful * integral.magnitude)) return []
    // A function that is 0 at all points that were tried may be another number between them.
    if (integral.magnitude === 0 && claimed !== 0) return []
    return [{ point, claimed, integral }]
  })
  const largest = Math.max(0, ...found.map(({ integral }) => integral.magnitude))
  return found.map(({ point, claimed, integral }) => {
    const { value, error, magnitude } = integral
    const larger = Math.max(Math.abs(value), Math.abs(claimed))
    const apart = Math.abs(value - claimed)
    const floor = error > rough * magnitude ? beyondChance : cancelled
    const doubt = errors * error + floor * magnitude + vanishing * largest
    return {
      point,
      claimed,
      integral,
      expected: Math.abs(value) <= errors * error ? 0 : value,
      difference: apart <= doubt ? 0 : apart / larger,
    }
  })
}

function integralAt({ feature, model }: Claim, law: RadialLaw, point: Point): Integral | undefined {
  const { i = 0, j = 0, length = 0 } = point.scalars
  const row = (name: string, position: number): ReturnType<typeof environmentOf> =>
    environmentOf({ x: Float64Array.from(point.rows[name] ?? []), position, length })
  const forms: Float64Array[] = []
  const program = (block: Expression, name: string, position: number): ReturnType<typeof residual> =>
    residual(block, row(name, position), model.dim, forms)
  try {
    const blocks = feature.query.map((block, n) => ({
      query: program(block, 'q', i),
      key: program(feature.key[n] ?? block, 'k', j),
    }))
    return integrate(blocks, coordinatesOf(forms), law)
  } catch (problem) {
    if (problem instanceof OutOfReach) return undefined
    throw problem
  }
}

/** Whether a relative difference says something. */
const telling = (sample: Sample): boolean => largerOf(sample) > shown * sample.integral.magnitude

/** The largest share by which an integral is, or may be, off. */
function accuracyText(samples: readonly Sample[]): string {
  const shares = samples.map((sample) => {
    const { expected, claimed, difference, integral } = sample
    const apart = difference === 0 ? Math.abs(expected - claimed) : 0
    return Math.max(apart, integral.error) / Math.max(largerOf(sample), shown * integral.magnitude)
  })
  const worst = Math.max(least, ...shares.filter(Number.isFinite))
  return `${worst.toExponential(0)} of it`
}

const largerOf = ({ expected, claimed }: Sample): number => Math.max(Math.abs(expected), Math.abs(claimed))

function integrationStep(samples: readonly Sample[]): Step {
  const [first] = samples
  return {
    title: `Integrated over the plane in which w is seen, at ${samples.length} pairs of rows`,
    formula:
      first === undefined ? '' : `E[φ(q)·φ(k)] = ${short(first.expected)} ${rowsText(first)}, and so on`,
  }
}

const differenceStep = (kernel: Expression, worst: Sample): Step => ({
  title: 'Not the kernel',
  formula: `the kernel is ${print(kernel)}: ${comparisonText(worst)}`,
})
