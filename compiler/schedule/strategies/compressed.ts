/** Exact attention over few rows: keys and values are pooled by weights, each query head's own. */
import type { Attention, CompressedScore } from '../../algebra/attention.ts'
import { dataBuffers, keyRows, outRows, product, queryRows, valueRows } from '../buffers.ts'
import { headsOf } from '../planner.ts'
import type { Matrix, Plan, Planner } from '../planner.ts'
import type { BufferPlan, Rows, Schedule } from '../schedule.ts'

/** Schedules attention to `count` pooled rows of each query head, so that the cost is linear in the key rows. */
export function scheduleCompressed(attention: Attention, score: CompressedScore, planner: Planner): Schedule {
  const { dim, valueDim, mask, normalize, epsilon } = attention
  const { kernel, count } = score
  const pooled = (buffer: string): Matrix => ({ buffer, of: 'sliceQueryHead', count })
  const pool = (name: string, weights: string, right: Rows, out: string, columns: number): Plan =>
    planner.product({
      name,
      over: 'sliceQueryHead',
      left: { buffer: weights, of: 'head', count },
      right,
      out: pooled(out),
      columns,
      what: `the rows of ${right.buffer} pooled by ${weights}`,
    })
  const plans = [
    pool('pool_keys', 'compressKeys', keyRows, 'pooledKeys', dim),
    pool('pool_values', 'compressValues', valueRows, 'pooledValues', valueDim),
    planner.attend({
      name: 'attend_pooled',
      attention,
      kernel,
      mask,
      over: 'sliceQueryHead',
      queries: queryRows,
      keys: pooled('pooledKeys'),
      values: pooled('pooledValues'),
      columns: valueDim,
      normalize,
      epsilon,
      out: outRows,
    }),
  ]
  return {
    name: attention.name,
    strategy: 'compressed',
    dim,
    valueDim,
    features: 0,
    causal: false,
    groups: 'kvHeads',
    chunk: planner.tileRows,
    chunks: 1,
    buffers: [
      ...dataBuffers(attention),
      weights('compressKeys', count),
      weights('compressValues', count),
      rows('pooledKeys', count, dim),
      rows('pooledValues', count, valueDim),
      ...plans.flatMap(({ buffers }) => buffers),
    ],
    passes: plans.flatMap(({ passes }) => passes),
  }
}

const weights = (name: string, count: number): BufferPlan => ({
  name,
  role: 'weight',
  element: 'f32',
  size: product('heads', count, 'keyLength'),
  layout: `[H, ${count}, P], the first S of P used`,
})

const rows = (name: string, count: number, width: number): BufferPlan => ({
  name,
  role: 'scratch',
  element: 'f32',
  size: product(headsOf('sliceQueryHead'), count * width),
  layout: `per query head: [${count} × ${width}]`,
})
