/**
 * Attention through landmarks: a large matrix of scores is replaced by three small
 * ones, associated as F·(A⁺·(B·V)), so that no matrix has two sides of the
 * sequence's length:
 *
 *   means      the landmark rows, where they are not given at run time
 *   summarize  B·V, landmarks attending to the keys
 *   relate     A, the weights of landmarks among landmarks
 *   inverse    A⁺, by products; then A⁺·(B·V)
 *   attend     F times that, queries attending to landmarks
 *
 * Everything is a batch item's own, and no norm is taken beyond one head of it.
 * An item with too few rows to have means is exact.
 */
import type { Attention, LandmarkScore } from '../../algebra/attention.ts'
import {
  countedRows,
  dataBuffers,
  keyRows,
  outRows,
  product,
  queryLengths,
  queryRows,
  valueRows,
} from '../buffers.ts'
import { headsOf } from '../planner.ts'
import type { Attend, Matrix, Plan, Planner } from '../planner.ts'
import type { BufferPlan, Convolution, Only, Rows, Schedule } from '../schedule.ts'
import { inverseOf } from './inverse.ts'

/** Schedules attention through `count` landmarks a head: means of segments of rows, or learned rows. */
export function scheduleLandmarks(attention: Attention, score: LandmarkScore, planner: Planner): Schedule {
  const { dim, valueDim } = attention
  const { count, source, conv } = score
  const learned = source === 'learned'
  const at = placesOf(count, learned)
  const only: Pick<Attend, 'only'> = learned ? {} : { only: { fewer: 'moreThan', rows: count } }
  const convolution: Convolution | undefined =
    conv === undefined ? undefined : { filter: 'conv', width: conv, values: valueRows }
  const attend = (
    from: Pick<Attend, 'name' | 'over' | 'queries' | 'keys' | 'values' | 'columns' | 'out'>,
  ): Attend => ({
    attention,
    kernel: score.kernel,
    mask: attention.mask,
    normalize: 'sum',
    epsilon: 0,
    ...from,
    ...only,
  })
  const owner = learned ? 'head' : 'sliceQueryHead'
  const inverse = inverseOf(planner, { core: at.core, steps: score.pinv, ...only })
  const through = {
    ...attend({
      name: 'attend_landmarks',
      over: 'sliceQueryHead',
      queries: queryRows,
      keys: at.keys,
      values: at.solution,
      columns: valueDim,
      out: outRows,
    }),
    ...(convolution && { convolution }),
  }
  const means = (name: string, rows: Rows, out: Matrix): Plan =>
    planner.means({ name, rows, out, columns: dim })
  const summarize = planner.attend(
    attend({
      name: 'summarize',
      over: 'sliceQueryHead',
      queries: at.queries,
      keys: keyRows,
      values: valueRows,
      columns: valueDim,
      out: at.summary,
    }),
  )
  const plans: readonly Plan[] = [
    ...(learned ? [] : [means('query_means', countedRows, at.queries), means('key_means', keyRows, at.keys)]),
    summarize,
    planner.attend(
      attend({
        name: 'relate_landmarks',
        over: owner,
        queries: at.queries,
        keys: at.keys,
        columns: count,
        out: at.core,
      }),
    ),
    inverse,
    planner.product({
      name: 'solve',
      over: 'sliceQueryHead',
      left: inverse.result,
      right: at.summary,
      out: at.solution,
      columns: valueDim,
      what: 'A⁺·(B·V)',
      ...only,
    }),
    learned
      ? planner.attend(through)
      : planner.attendEither({ many: through, few: exactly(through, score), most: count }),
  ]
  return {
    name: attention.name,
    strategy: 'landmarks',
    dim,
    valueDim,
    features: 0,
    causal: false,
    groups: 'kvHeads',
    chunk: planner.tileRows,
    chunks: 1,
    ...summarize.chunks,
    buffers: [
      ...dataBuffers(attention),
      ...(learned
        ? [weight('landmarks', count, dim), weight('queryLandmarks', count, dim)]
        : [queryLengths, matrix(at.queries, dim), matrix(at.keys, dim)]),
      ...(conv === undefined ? [] : [weight('conv', conv)]),
      matrix(at.summary, valueDim),
      matrix(at.core, count),
      matrix(at.solution, valueDim),
      ...plans.flatMap(({ buffers }) => buffers),
    ],
    passes: plans.flatMap(({ passes }) => passes),
    rounds: inverse.rounds,
  }
}

/** The matrices between the steps. */
function placesOf(count: number, learned: boolean) {
  const rows = (buffer: string, of: Rows['of']): Matrix => ({ buffer, of, count })
  return {
    queries: learned ? rows('queryLandmarks', 'head') : rows('queryMeans', 'sliceQueryHead'),
    keys: learned ? rows('landmarks', 'head') : rows('keyMeans', 'sliceKeyHead'),
    core: rows('core', learned ? 'head' : 'sliceQueryHead'),
    summary: rows('summary', 'sliceQueryHead'),
    solution: rows('solution', 'sliceQueryHead'),
  }
}

/** The same attention, of queries to the keys themselves, for items with at most as many rows as landmarks. */
function exactly(through: Attend, { count }: LandmarkScore): Attend {
  const only: Only = { fewer: 'atMost', rows: count }
  return { ...through, name: 'attend_rows', keys: keyRows, values: valueRows, only }
}

function matrix({ buffer, of, count }: Matrix, width: number): BufferPlan {
  const whose = of === 'head' ? 'head' : of === 'sliceKeyHead' ? 'key/value head' : 'query head'
  return {
    name: buffer,
    role: 'scratch',
    element: 'f32',
    size: product(headsOf(of), count * width),
    layout: `per ${whose}: [${count} × ${width}]`,
  }
}

const weight = (name: string, ...sizes: readonly number[]): BufferPlan => ({
  name,
  role: 'weight',
  element: 'f32',
  size: product('heads', ...sizes),
  layout: `[H, ${sizes.join(', ')}]`,
})
