/** Exact attention: one pass of query tiles through all keys. */
import type { Attention, ExactScore } from '../algebra/attention.ts'
import { dataBuffers, keyRows, outRows, queryRows, valueRows } from './buffers.ts'
import type { Schedule } from './schedule.ts'
import { plainTerm, scaledTerm } from './terms.ts'
import { rowsOfTile, valueTile } from './tiles.ts'

export function scheduleExact(attention: Attention, score: ExactScore): Schedule {
  const { kernel } = score
  const scaled = kernel.exponent !== undefined && attention.stabilize.kind === 'auto'
  const tile = valueTile(attention.valueDim, rowsOfTile)
  return {
    name: attention.name,
    strategy: 'exact',
    dim: attention.dim,
    valueDim: attention.valueDim,
    features: 0,
    causal: attention.mask.kind === 'causal',
    groups: 'kvHeads',
    chunk: rowsOfTile,
    chunks: 1,
    buffers: dataBuffers(attention),
    passes: [
      {
        kind: 'online',
        name: 'attend',
        tile,
        workgroups: [
          '*',
          ['*', 'sliceCount', headsPerGroup],
          ['*', ['ceildiv', 'length', tile.rows], Math.ceil(attention.valueDim / tile.columns)],
        ],
        buffers: ['q', 'k', 'v', 'lengths', 'out'],
        kernel: scaled ? scaledTerm(kernel, attention.scale) : plainTerm(kernel.value, attention.scale),
        mask: attention.mask,
        normalize: attention.normalize,
        epsilon: attention.epsilon,
        over: 'sliceQueryHead',
        queries: queryRows,
        keys: keyRows,
        values: valueRows,
        valueDim: attention.valueDim,
        out: outRows,
      },
    ],
  }
}

const headsPerGroup = ['ceildiv', 'heads', 'kvHeads'] as const
