/** Rows at which the expectation and the claimed kernel differ most plainly. */
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { comparisonPoints, largerPoints } from './points.ts'
import { evaluateReal, magnitude, type Point } from './ring/evaluate.ts'
import type { Value } from './ring/value.ts'

/** Rows as the kernel sees them, multiplied by √scale already. */
export interface Counterexample {
  readonly q: readonly number[]
  readonly k: readonly number[]
  /** E[φ(q)·φ(k)], infinite where it diverges. */
  readonly expected: number
  /** κ(q, k). */
  readonly claimed: number
  /** Where the features see it: the query's index, the key's, and the number of rows. */
  readonly positions?: { readonly i: number; readonly j: number; readonly length: number }
}

/** Estimate and kernel at one point. */
export interface Comparison {
  readonly point: Point
  readonly expected: number
  readonly claimed: number
  /** |expected − claimed| over the larger of the two. */
  readonly difference: number
}

/** Wherever both sides are numbers, at rows of moderate size. */
export const comparisons = (estimated: Value, kernel: Expression, dim: number): readonly Comparison[] =>
  compareAt(estimated, kernel, comparisonPoints(dim))

/** Beyond these a kernel as people write it may itself lose its digits, as log(1 + exp(x)) does at −40. */
const growth = [2, 4]

/** The same at larger rows, for what hardly differs at others. */
export const largerComparisons = (estimated: Value, kernel: Expression, dim: number): readonly Comparison[] =>
  compareAt(estimated, kernel, largerPoints(dim, growth))

function compareAt(estimated: Value, kernel: Expression, points: readonly Point[]): Comparison[] {
  return points.flatMap((point) => {
    const expected = evaluateReal(estimated, point)
    const claimed = kernelAt(kernel, point)
    if (!Number.isFinite(expected) || !Number.isFinite(claimed)) return []
    const larger = Math.max(Math.abs(expected), Math.abs(claimed))
    const apart = Math.abs(expected - claimed)
    const difference = apart <= rounding * magnitude(estimated, point) || larger === 0 ? 0 : apart / larger
    return [{ point, expected, claimed, difference }]
  })
}

/** Of sums whose terms cancel. */
const rounding = 1e-9

/** The first, so the simplest, that shows at least so much, and a good part of the largest difference. */
export function mostTelling<Some extends Comparison>(all: readonly Some[], least: number): Some | undefined {
  const bar = Math.max(least, 0.1 * Math.max(0, ...all.map(({ difference }) => difference)))
  return all.find(({ difference }) => difference >= bar)
}

/** κ at the rows of a point. */
export function kernelAt(kernel: Expression, { rows, scalars }: Point): number {
  const vectors = Object.entries(rows).map(([name, row]) => [name, Float64Array.from(row)] as const)
  return evaluateScalar(kernel, environmentOf({ ...scalars, ...Object.fromEntries(vectors) }))
}

/** A comparison as a counterexample; `positioned` where the features see positions. */
export function counterexampleOf(
  { point, expected, claimed }: Omit<Comparison, 'difference'>,
  positioned: boolean,
): Counterexample {
  const { i = 0, j = 0, length = 0 } = point.scalars
  return {
    q: Array.from(point.rows['q'] ?? []),
    k: Array.from(point.rows['k'] ?? []),
    expected,
    claimed,
    ...(positioned && { positions: { i, j, length } }),
  }
}

/** The estimate over the kernel, where that is one number. */
export function constantRatio(comparisons: readonly Comparison[]): number | undefined {
  const ratios = comparisons
    .filter(({ claimed }) => claimed !== 0)
    .map(({ expected, claimed }) => expected / claimed)
  const [first] = ratios
  if (first === undefined || first === 0 || ratios.length < 3 || comparisons.length > ratios.length)
    return undefined
  return ratios.every((ratio) => Math.abs(ratio / first - 1) < 1e-9) ? first : undefined
}

/** The rows of a comparison, and both numbers, as part of a sentence. */
export const comparisonText = (comparison: Pick<Comparison, 'point' | 'expected' | 'claimed'>): string =>
  `${rowsText(comparison)} it is ${short(comparison.claimed)}, the estimate ${short(comparison.expected)}`

/** The rows of a comparison as part of a sentence. */
export function rowsText({ point }: Pick<Comparison, 'point'>): string {
  const row = (name: string): string => shortRow(Array.from(point.rows[name] ?? []))
  return `at q = ${row('q')}, k = ${row('k')}`
}

/** A number to six digits. */
export const short = (value: number): string => String(Number(value.toPrecision(6)))

/** Without the zeros at the end. */
function shortRow(row: readonly number[]): string {
  const end = row.findLastIndex((entry) => entry !== 0) + 1
  const shown = row.slice(0, Math.max(end, 1)).map(short)
  return `[${shown.join(', ')}${end < row.length ? ', 0, …' : ''}]`
}
