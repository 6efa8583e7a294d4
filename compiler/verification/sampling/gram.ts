/**
 * Kernel entries out of the attention's own kernels. With the identity matrix
 * for values and no denominator, the output is the matrix of all φ(q_i)·φ(k_j):
 *
 *     out_i = Σ_j φ(q_i)·φ(k_j) e_j
 *
 * so one call estimates κ at every pair of some rows, as a mean over the
 * projections in use. Calls with new draws are independent.
 */
import type { AttentionModel } from '../../semantics/model.ts'
import type { Attention } from '../../algebra/attention.ts'
import { fromModel } from '../../algebra/build.ts'
import { variance } from '../../algebra/expectation/index.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import type { Call, Platform } from '../execution/executor.ts'
import { tolerances } from '../rounding/tolerance.ts'
import { Moments } from '../statistics/moments.ts'
import { directions } from './rows.ts'

/** Lengths of the rows, as the kernel sees them; small, so that estimates have tails that a test can bear. */
const norms = [0.5, 0.2]
const directionsOfEach = 16

export interface Gram {
  /** Rows as the kernel sees them; entry i·n + j of the rest is of query i and key j. */
  readonly queries: readonly Float64Array[]
  readonly keys: readonly Float64Array[]
  readonly claimed: Float64Array
  /** What f32 arithmetic alone may do to an entry. */
  readonly rounding: Float64Array
  /** Of one projection's estimate of an entry, where it has a closed form. */
  readonly deviation?: Float64Array
  /** Of the entries over the calls. */
  readonly moments: Moments
  /** Rows of projections in all calls together; 0 where nothing is projected. */
  readonly projections: number
}

export interface SampleSize {
  /** Calls, each with projections of its own: at least, and at most. */
  readonly draws: readonly [number, number]
  /** Rows of the projection in each. */
  readonly projections: number
}

/** Nothing where the platform cannot run the attention. */
export async function sampleGram(
  model: AttentionModel,
  platform: Platform,
  { draws, projections }: SampleSize,
  seed: number,
  say: (step: string) => void,
  enough: (gram: Gram) => boolean,
): Promise<Gram | undefined> {
  const { kernel, dim } = model
  invariant(kernel !== undefined, 'what is estimated is a kernel')
  const variant = entriesOf(model, projections)
  const queries = norms.flatMap((norm) => scaledBy(directions(dim, directionsOfEach, 1), norm))
  const keys = norms.flatMap((norm) => scaledBy(directions(dim, directionsOfEach, 2), norm))
  const call = callOf(variant, queries, keys)
  const claimed = Float64Array.from(
    queries.flatMap((q) => keys.map((k) => evaluateScalar(kernel, environmentOf({ q, k })))),
  )
  say('making kernels that give kernel entries')
  const executor = await platform.open(variant)
  if ('unsupported' in executor) return undefined
  try {
    const random = executor.projection !== undefined
    const deviation = random ? deviations(model, queries, keys) : undefined
    const rounding = roundingOf(fromModel(variant), call, executor.projection, claimed)
    const moments = new Moments(claimed)
    const soFar = (): Gram => ({
      queries,
      keys,
      claimed,
      rounding,
      ...(deviation && { deviation }),
      moments,
      projections: random ? moments.seen * projections : 0,
    })
    const [least, most] = random ? draws : [1, 1]
    for (let draw = 0; draw < most && (draw < least || !enough(soFar())); draw++) {
      say(`draw ${draw + 1} of ${least} or more`)
      if (random) executor.redraw(seed + draw)
      moments.add(await executor.forward(call))
    }
    return soFar()
  } finally {
    executor.destroy()
  }
}

/** √Var of what one row of a projection estimates, infinite where it is; nothing where that has no closed form. */
function deviations(
  model: AttentionModel,
  queries: readonly Float64Array[],
  keys: readonly Float64Array[],
): Float64Array | undefined {
  const closed = variance(model)
  if (closed.kind === 'infinite') return new Float64Array(queries.length * keys.length).fill(Infinity)
  if (closed.kind !== 'closed') return undefined
  return Float64Array.from(queries.flatMap((q) => keys.map((k) => Math.sqrt(closed.at({ q, k }, 1)))))
}

/** The same features, with nothing between them and the output. */
function entriesOf(model: AttentionModel, projections: number): AttentionModel {
  const { name, span, evaluation, dim, scale, kernel, feature, projections: law } = model
  return {
    name,
    span,
    evaluation,
    dim,
    scale,
    ...(kernel && { kernel }),
    ...(feature && { feature }),
    valueDim: norms.length * directionsOfEach,
    mask: { kind: 'none' },
    normalize: 'none',
    epsilon: 0,
    stabilize: { kind: 'auto' },
    ...(law && { projections: { ...law, count: projections } }),
    ...(law && feature && { feature: { ...feature, features: feature.query.length * projections } }),
  }
}

const scaledBy = (rows: readonly Float64Array[], factor: number): Float64Array[] =>
  rows.map((row) => row.map((entry) => entry * factor))

/** Rows are given so that they are these once multiplied by √scale; values are the identity matrix. */
function callOf(
  { scale }: AttentionModel,
  queries: readonly Float64Array[],
  keys: readonly Float64Array[],
): Call {
  const flat = (rows: readonly Float64Array[]): Float32Array =>
    Float32Array.from(rows.flatMap((row) => Array.from(row, (entry) => entry / Math.sqrt(scale))))
  const n = keys.length
  return {
    q: flat(queries),
    k: flat(keys),
    v: Float32Array.from({ length: n * n }, (_, index) => (index % (n + 1) === 0 ? 1 : 0)),
    batch: 1,
    heads: 1,
    kvHeads: 1,
    length: queries.length,
    keyLength: n,
  }
}

function roundingOf(
  variant: Attention,
  call: Call,
  projection: Float32Array | undefined,
  claimed: Float64Array,
): Float64Array {
  const every = Array.from({ length: call.length }, (_, row) => row)
  return tolerances(variant, call, projection, every, claimed)
}
