/** Exact attention: one pass of query tiles through all keys. */
import type { Attention, ExactScore } from '../algebra/attention.ts'
import { dataBuffers, keyRows, outRows, positions, product, queryRows, valueRows } from './buffers.ts'
import { undecodable } from './decodable.ts'
import type { BufferPlan, OnlinePass, Rows, Schedule } from './schedule.ts'
import { plainTerm, scaledTerm } from './terms.ts'
import { rowsOfTile, threads, valueTile } from './tiles.ts'

export function scheduleExact(attention: Attention, score: ExactScore): Schedule {
  const { kernel } = score
  const { dim, valueDim } = attention
  const scaled = kernel.exponent !== undefined && attention.stabilize.kind === 'auto'
  const tile = valueTile(valueDim, rowsOfTile)
  const attend: OnlinePass = {
    kind: 'online',
    name: 'attend',
    tile,
    workgroups: [
      '*',
      ['*', 'sliceCount', headsPerGroup],
      ['*', ['ceildiv', 'length', tile.rows], Math.ceil(valueDim / tile.columns)],
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
    valueDim,
    out: outRows,
  }
  const forward: Schedule = {
    name: attention.name,
    strategy: 'exact',
    dim,
    valueDim,
    features: 0,
    causal: attention.mask.kind === 'causal',
    groups: 'kvHeads',
    chunk: rowsOfTile,
    chunks: 1,
    buffers: dataBuffers(attention),
    passes: [attend],
  }
  if (undecodable(attention) !== undefined) return forward
  // The prefix and a token are the same two passes: rows into the cache, and queries through it.
  const decoding = cachedForm(forward, attend)
  return { ...forward, decoding: { prefill: decoding, step: decoding } }
}

function cachedForm(forward: Schedule, attend: OnlinePass): Schedule {
  const { dim, valueDim } = forward
  const cache = (name: string, width: number): BufferPlan => ({
    name,
    role: 'state',
    element: 'f32',
    size: product('batch', 'kvHeads', 'capacity', width),
    layout: `[B, KVH, capacity, ${width}]`,
  })
  const cached = (buffer: string): Rows => ({ buffer, of: 'cachedHead', count: 'cached' })
  return {
    ...forward,
    buffers: [...forward.buffers, positions, cache('keyCache', dim), cache('valueCache', valueDim)],
    passes: [
      {
        kind: 'append',
        name: 'append',
        threads,
        workgroups: product('sliceCount', ['ceildiv', ['*', 'length', Math.max(dim, valueDim)], threads]),
        buffers: ['k', 'v', 'positions', 'keyCache', 'valueCache'],
        copies: [
          { from: 'k', to: 'keyCache', width: dim },
          { from: 'v', to: 'valueCache', width: valueDim },
        ],
      },
      {
        ...attend,
        name: 'attend_cached',
        buffers: ['q', 'keyCache', 'valueCache', 'lengths', 'positions', 'out'],
        keys: cached('keyCache'),
        values: cached('valueCache'),
      },
    ],
  }
}

const headsPerGroup = ['ceildiv', 'heads', 'kvHeads'] as const
