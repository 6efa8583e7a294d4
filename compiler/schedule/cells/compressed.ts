/** Exact attention over few rows, to which keys and values are pooled by weights. */
import type { Attention, CompressedScore } from '../../algebra/attention.ts'
import { dataBuffers, keyRows, product, queryRows, valueRows } from '../buffers.ts'
import type { BufferPlan, Rows, Schedule } from '../schedule.ts'
import { attend } from './exact.ts'
import type { CellPass } from './passes.ts'
import { cellPass, scratch, sliceHeads } from './plan.ts'

export function scheduleCompressedCells(attention: Attention, score: CompressedScore): Schedule {
  const { dim, valueDim, mask, normalize, epsilon } = attention
  const { kernel, count } = score
  const heads = sliceHeads('kvHeads')
  const pooled = (buffer: string): Rows => ({ buffer, of: 'sliceQueryHead', count })
  const pool = (name: string, weights: string, rows: Rows, out: string, width: number): CellPass =>
    cellPass({
      name,
      over: 'sliceQueryHead',
      extent: [width, count, heads],
      buffers: [weights, rows.buffer, 'lengths', out],
      work: {
        kind: 'product',
        left: { buffer: weights, of: 'head', count },
        right: rows,
        columns: width,
        factor: 1,
      },
      what: `the rows of ${rows.buffer} pooled by ${weights}`,
      flops: product(width, count, heads, 'keyLength', 2),
    })
  const through = attend({
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
    name: 'attend_pooled',
    out: 'out',
    lengths: false,
  })
  const weights = (name: string): BufferPlan => ({
    name,
    role: 'weight',
    element: 'f32',
    size: product('heads', count, 'keyLength'),
    layout: `[H, ${count}, P], the first S of P used`,
  })
  return {
    name: attention.name,
    strategy: 'compressed',
    dim,
    valueDim,
    features: 0,
    causal: false,
    groups: 'kvHeads',
    chunk: 1,
    chunks: 1,
    buffers: [
      ...dataBuffers(attention),
      weights('compressKeys'),
      weights('compressValues'),
      scratch('pooledKeys', [dim, count, heads], `per query head: [${count} × ${dim}]`),
      scratch('pooledValues', [valueDim, count, heads], `per query head: [${count} × ${valueDim}]`),
      ...through.buffers,
    ],
    passes: [
      pool('pool_keys', 'compressKeys', keyRows, 'pooledKeys', dim),
      pool('pool_values', 'compressValues', valueRows, 'pooledValues', valueDim),
      ...through.passes,
    ],
  }
}
