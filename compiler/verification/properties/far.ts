/**
 * Whether a claim that is not proved is true where no test of the kernels goes
 * (`sampling/far-points.ts`). Both sides are evaluated on paper: φ(q)·φ(k) itself
 * where nothing is random, else its expectation, integrated.
 *
 * A difference counts beyond what f32 would make of either side, so that a kernel
 * whose float64 value has lost its digits there refutes nothing, and beyond what a
 * constant typed with three digits explains.
 */
import { featuresOf, seesPlace } from '../../algebra/facts.ts'
import { expectationAt } from '../../algebra/expectation/index.ts'
import type { FactorisedScore, FeatureBlock } from '../../algebra/attention.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { type Bounded, Bindings, boundedEvaluator } from '../rounding/bounded.ts'
import { type FarPoint, farPlaces, largeEntries } from '../sampling/far-points.ts'
import { numberText } from './difference.ts'
import type { Outcome, Subject } from './property.ts'

/** Of the larger side. */
const different = 2e-3

export interface FarVerdict {
  /** Where nothing was told, in words. */
  readonly untold: readonly string[]
  readonly refutation?: Outcome
}

type Estimate = (point: FarPoint) => Bounded | undefined

export function tryFar({ model, algebra }: Subject): FarVerdict {
  const score = featuresOf(algebra)
  const regions = regionsOf(model.dim, score !== undefined && seesPlace(score))
  const differenceAt = score && comparison(model, score)
  const untold: string[] = []
  for (const { where, points } of regions) {
    const found = differenceAt === undefined ? [] : points.flatMap((point) => differenceAt(point) ?? [])
    const wrong = found.find(({ apart }) => apart > 0)
    if (wrong !== undefined) return { untold, refutation: refuted(wrong, where) }
    if (found.length === 0) untold.push(where)
  }
  return { untold }
}

interface Region {
  readonly where: string
  readonly points: readonly FarPoint[]
}

const regionsOf = (dim: number, placed: boolean): readonly Region[] => [
  { where: 'at rows with a large entry', points: largeEntries(dim) },
  ...(placed ? [{ where: 'at rows deep in a long sequence', points: farPlaces(dim) }] : []),
]

interface Difference {
  readonly point: FarPoint
  readonly estimate: number
  readonly claimed: number
  /** Beyond doubt. */
  readonly apart: number
}

/** Gives nothing at a point where a side cannot be evaluated, or where doubt is as large as the values. */
function comparison(
  model: AttentionModel,
  score: FactorisedScore,
): ((point: FarPoint) => Difference | undefined) | undefined {
  const estimate = score.projections === undefined ? directly(score) : expectationAt(model)
  if (estimate === undefined || score.claims === undefined) return undefined
  const bindings = new Bindings()
  const kernel = boundedEvaluator(score.claims.value, bindings)
  return (point) => {
    const found = estimate(point)
    if (found === undefined) return undefined
    const { q, k, i, j, length } = point
    bindings.setRow('q', q)
    bindings.setRow('k', k)
    for (const [name, value] of Object.entries({ i, j, length })) bindings.setScalar(name, value)
    const claimed = kernel()
    const size = Math.max(Math.abs(claimed.value), Math.abs(found.value))
    const doubt = claimed.error + found.error
    // Where doubt is as large as the sides are, nothing is told.
    if (!Number.isFinite(size) || !(doubt <= size / 4)) return undefined
    const apart = Math.abs(found.value - claimed.value) - doubt - different * size
    return { point, estimate: found.value, claimed: claimed.value, apart }
  }
}

/** φ(q)·φ(k), summed over blocks and their components. */
function directly({ query, key }: FactorisedScore): Estimate {
  const sides = query.map((block, n) => [componentsOf(block), componentsOf(key[n] ?? block)] as const)
  return ({ q, k, i, j, length }) => {
    let [value, error] = [0, 0]
    for (const [ofQuery, ofKey] of sides) {
      const left = ofQuery(q, i, length)
      const right = ofKey(k, j, length)
      for (const [n, a] of left.entries()) {
        const b = right[n] ?? a
        value += a.value * b.value
        error += Math.abs(a.value) * b.error + a.error * (Math.abs(b.value) + b.error)
      }
    }
    return { value, error }
  }
}

function componentsOf({
  value,
  size,
}: FeatureBlock): (x: Float64Array, position: number, length: number) => Bounded[] {
  const bindings = new Bindings()
  const evaluate = boundedEvaluator(value, bindings)
  return (x, position, length) => {
    bindings.setRow('x', x)
    bindings.setScalar('position', position)
    bindings.setScalar('length', length)
    return Array.from({ length: size }, (_, component) => {
      bindings.setScalar('component', component)
      return evaluate()
    })
  }
}

function refuted({ point, estimate, claimed }: Difference, where: string): Outcome {
  const { q, k, i, j, length } = point
  const shown = (row: Float64Array): string => {
    const largest = row.reduce((top, entry, t) => (Math.abs(entry) > Math.abs(row[top] ?? 0) ? t : top), 0)
    return `${numberText(row[largest] ?? 0)} at ${largest}`
  }
  return {
    status: 'refuted',
    detail: `estimates ${numberText(estimate)} ${where}, where the kernel is ${numberText(claimed)}`,
    counterexample: {
      case: `query ${i} and key ${j} of ${length} rows, multiplied by the square root of the scale`,
      table: {
        columns: ['', 'largest entry'],
        rows: [
          ['q', shown(q)],
          ['k', shown(k)],
        ],
      },
    },
  }
}
