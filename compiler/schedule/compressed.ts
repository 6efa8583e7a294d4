/** Exact attention over few rows: keys and values are pooled by weights, each query head's own. */
import type { Attention, CompressedScore } from '../algebra/attention.ts'
import { dataBuffers, keyRows, outRows, product, queryRows, valueRows } from './buffers.ts'
import type { BufferPlan, Pass, Rows, Schedule, Size } from './schedule.ts'
import { plainTerm, scaledTerm } from './terms.ts'
import { rowsOfTile, valueTile } from './tiles.ts'

const sliceQueryHeads: Size = product('sliceCount', ['ceildiv', 'heads', 'kvHeads'])

export function scheduleCompressed(attention: Attention, score: CompressedScore): Schedule {
  const { dim, valueDim, mask, normalize, epsilon, scale } = attention
  const { kernel, count } = score
  const scaled = kernel.exponent !== undefined && attention.stabilize.kind === 'auto'
  const keys: Rows = { buffer: 'pooledKeys', of: 'sliceQueryHead', count }
  const values: Rows = { buffer: 'pooledValues', of: 'sliceQueryHead', count }

  const pool = (name: string, weights: string, rows: Rows, out: Rows, width: number): Pass => {
    const tile = valueTile(width, rowsOfTile)
    return {
      kind: 'product',
      name,
      tile,
      over: 'sliceQueryHead',
      workgroups: product(sliceQueryHeads, Math.ceil(count / tile.rows), Math.ceil(width / tile.columns)),
      buffers: [weights, rows.buffer, 'lengths', out.buffer],
      left: { buffer: weights, of: 'head', count },
      right: rows,
      out,
      columns: width,
      factor: 1,
    }
  }

  const tile = valueTile(valueDim, rowsOfTile)
  return {
    name: attention.name,
    strategy: 'compressed',
    dim,
    valueDim,
    features: 0,
    causal: false,
    groups: 'kvHeads',
    chunk: rowsOfTile,
    chunks: 1,
    buffers: [
      ...dataBuffers(attention),
      weights('compressKeys', count),
      weights('compressValues', count),
      pooled('pooledKeys', count, dim),
      pooled('pooledValues', count, valueDim),
    ],
    passes: [
      pool('pool_keys', 'compressKeys', keyRows, keys, dim),
      pool('pool_values', 'compressValues', valueRows, values, valueDim),
      {
        kind: 'online',
        name: 'attend_pooled',
        tile,
        over: 'sliceQueryHead',
        workgroups: product(
          sliceQueryHeads,
          ['ceildiv', 'length', tile.rows],
          Math.ceil(valueDim / tile.columns),
        ),
        buffers: ['q', 'pooledKeys', 'pooledValues', 'out'],
        kernel: scaled ? scaledTerm(kernel, scale) : plainTerm(kernel.value, scale),
        mask,
        normalize,
        epsilon,
        queries: queryRows,
        keys,
        values,
        valueDim,
        out: outRows,
      },
    ],
  }
}

const weights = (name: string, count: number): BufferPlan => ({
  name,
  role: 'weight',
  element: 'f32',
  size: product('heads', count, 'keyLength'),
  layout: `[H, ${count}, P], the first S of P used`,
})

const pooled = (name: string, count: number, width: number): BufferPlan => ({
  name,
  role: 'scratch',
  element: 'f32',
  size: product(sliceQueryHeads, count * width),
  layout: `per query head: [${count} × ${width}]`,
})
