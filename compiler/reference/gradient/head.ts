/** The output of one head, computed on a tape as the language defines it. */
import { invariant } from '../../diagnostics/invariant.ts'
import { add, extended, multiply, zero } from '../../symbolic/extended.ts'
import type { Extended } from '../../symbolic/extended.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { keysAreQueries } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { WeightName } from '../../../runtime/contract/weights.ts'
import { filterOf } from '../landmarks.ts'
import { SELF, ownKeys, timesMet } from '../meetings.ts'
import { poolingOf } from '../reference.ts'
import { factors } from '../token-factors.ts'
import { featureValues } from './features.ts'
import {
  added,
  directions,
  filtered,
  firstRows,
  identityMinus,
  inverseStart,
  means,
  product,
  scaled,
} from './matrices.ts'
import { innerProducts, kernelValues, shares, withConstants } from './pairs.ts'
import type { Factor } from './pairs.ts'
import type { Tape, Traced } from './tape.ts'

/** What one head is given, as the caller gives it. Key and value rows past the item's length are absent. */
export interface HeadLeaves {
  readonly index: number
  readonly q: Traced
  readonly k: Traced
  readonly v: Traced
  /** How many query rows count. */
  readonly queries: number
  /** Rows of the projection, or the rotations of all rounds. */
  readonly projection: Traced
  /** In every denominator; a constant. */
  readonly sink: Extended
  readonly weights: Readonly<Partial<Record<WeightName, Traced>>>
}

/** The rows that meet: multiplied by √scale, pooled where the attention pools them. */
interface Meeting {
  readonly index: number
  readonly queries: number
  readonly q: Traced
  readonly k: Traced
  readonly v: Traced
}

const everyPair: Factor = () => extended(1)

/** [L, V]; absent where there is no key, so that the output is zeros whatever the caller gives. */
export function headOutput(tape: Tape, model: AttentionModel, leaves: HeadLeaves): Traced | undefined {
  if (leaves.v.rows.length === 0) return undefined
  const meeting = meetingRows(tape, model, leaves)
  const out = throughLandmarks(tape, model, leaves, meeting) ?? pairByPair(tape, model, leaves, meeting)
  const filter = filterOf(leaves.weights)
  return filter === undefined ? out : added(tape, out, filtered(tape, filter, meeting.v, out.rows.length))
}

function meetingRows(tape: Tape, model: AttentionModel, leaves: HeadLeaves): Meeting {
  const { index, queries, v, weights } = leaves
  const factor = extended(Math.sqrt(model.scale))
  const q = scaled(tape, leaves.q, factor)
  if (keysAreQueries(model)) {
    const own = firstRows(tape, q, v.rows.length)
    return { index, queries, q, k: directions(tape, own, ownKeys(own.rows, model.scale), model.scale), v }
  }
  const k = scaled(tape, leaves.k, factor)
  const pooling = poolingOf(weights)
  if (pooling === undefined) return { index, queries, q, k, v }
  return { index, queries, q, k: product(tape, pooling.keys, k), v: product(tape, pooling.values, v) }
}

/** out = P·V with the shares P of the terms, or the terms themselves where nothing divides them. */
function pairByPair(tape: Tape, model: AttentionModel, leaves: HeadLeaves, meeting: Meeting): Traced {
  const terms = termsOf(tape, model, leaves, meeting)
  const beside = add(leaves.sink, extended(model.epsilon))
  const weights = model.normalize === 'none' ? terms : shares(tape, terms, beside)
  return product(tape, weights, meeting.v)
}

function termsOf(tape: Tape, model: AttentionModel, leaves: HeadLeaves, meeting: Meeting): Traced {
  const { projection } = leaves
  const { q, k, queries, index } = meeting
  const factor = factors(model, q.rows.length, k.rows.length, index)
  if (model.evaluation === 'factorised') {
    const length = k.rows.length
    const left = featureValues(tape, model, 'query', { x: q, projection, length: queries })
    const right = featureValues(tape, model, 'key', { x: k, projection, length })
    return innerProducts(tape, left, right, factor)
  }
  const kernel = kernelOf(model)
  const met = timesMet(model, { q: q.rows, k: k.rows }, projection.rows)
  if (met === undefined) return kernelValues(tape, kernel, q, k, factor)
  const often: Factor = (i, j) => multiply(extended(met(i, j)), factor(i, j))
  const others: Factor = (i, j) => (i === j ? zero : often(i, j))
  // What a row weighs for itself is a constant.
  return withConstants(tape, kernelValues(tape, kernel, q, k, others), (i, j) =>
    i === j ? multiply(often(i, j), SELF) : undefined,
  )
}

/** F·A⁺·(B·V), or absent where the attention is exact: it has no landmarks, or no more rows than segments. */
function throughLandmarks(
  tape: Tape,
  model: AttentionModel,
  { weights }: HeadLeaves,
  { q, k, v, queries }: Meeting,
): Traced | undefined {
  if (model.landmarks === undefined) return undefined
  const { count, source, pinv } = model.landmarks
  const kernel = kernelOf(model)
  const factorOf = (left: Traced, right: Traced): Traced =>
    shares(tape, kernelValues(tape, kernel, left, right, everyPair), zero)
  const through = (left: Traced, right: Traced): Traced => {
    const summary = product(tape, factorOf(left, k), v)
    const inverse = pseudoInverse(tape, factorOf(left, right), pinv)
    return product(tape, factorOf(q, right), product(tape, inverse, summary))
  }
  if (source === 'segment_means') {
    if (Math.min(queries, k.rows.length) <= count) return undefined
    return through(means(tape, firstRows(tape, q, queries), count), means(tape, k, count))
  }
  const { landmarks, queryLandmarks = landmarks } = weights
  invariant(
    landmarks !== undefined && queryLandmarks !== undefined,
    'learned landmarks are checked to be given',
  )
  const root = extended(Math.sqrt(model.scale))
  return through(scaled(tape, queryLandmarks, root), scaled(tape, landmarks, root))
}

/** Z ← ¼Z(13·1 − AZ(15·1 − AZ(7·1 − AZ))) from where it starts. */
function pseudoInverse(tape: Tape, a: Traced, steps: number): Traced {
  let z = inverseStart(tape, a)
  for (let step = 0; step < steps; step++) {
    const az = product(tape, a, z)
    const inner = identityMinus(tape, 15, product(tape, az, identityMinus(tape, 7, az)))
    const last = identityMinus(tape, 13, product(tape, az, inner))
    z = scaled(tape, product(tape, z, last), extended(0.25))
  }
  return z
}

function kernelOf({ kernel }: AttentionModel): Expression {
  invariant(kernel !== undefined, 'an attention without features has a kernel')
  return kernel
}
