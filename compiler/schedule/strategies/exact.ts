/** Exact attention: every query row and every key that it sees; decoding goes through caches of keys and values. */
import type { Attention, ExactScore } from '../../algebra/attention.ts'
import { dataBuffers, keyRows, outRows, positions, product, queryRows, valueRows } from '../buffers.ts'
import { undecodable } from '../decodable.ts'
import type { Attend, Planner } from '../planner.ts'
import type { BufferPlan, Rows, Schedule } from '../schedule.ts'

/** Schedules exact attention. Its forms of decoding append rows to caches, and attend to these. */
export function scheduleExact(attention: Attention, score: ExactScore, planner: Planner): Schedule {
  const { dim, valueDim, mask, normalize, epsilon } = attention
  const whole: Attend = {
    name: 'attend',
    attention,
    kernel: score.kernel,
    mask,
    over: 'sliceQueryHead',
    queries: queryRows,
    keys: keyRows,
    values: valueRows,
    columns: valueDim,
    normalize,
    epsilon,
    out: outRows,
  }
  const attend = planner.attend(whole)
  const forward: Schedule = {
    name: attention.name,
    strategy: 'exact',
    dim,
    valueDim,
    features: 0,
    causal: mask.kind === 'causal',
    groups: 'kvHeads',
    ...(planner.rowsApart ? { rows: 'apart' } : {}),
    chunk: planner.tileRows,
    chunks: 1,
    buffers: [...dataBuffers(attention), ...attend.buffers],
    passes: attend.passes,
  }
  if (undecodable(attention) !== undefined) return forward
  // The prefix and a token are the same passes: rows into the caches, and queries through them.
  const cached = (buffer: string): Rows => ({ buffer, of: 'cachedHead', count: 'cached' })
  const append = planner.append([
    { from: 'k', to: 'keyCache', width: dim },
    { from: 'v', to: 'valueCache', width: valueDim },
  ])
  const through = planner.attend({
    ...whole,
    name: 'attend_cached',
    keys: cached('keyCache'),
    values: cached('valueCache'),
  })
  const decoding: Schedule = {
    ...forward,
    buffers: [
      ...dataBuffers(attention),
      positions,
      cache('keyCache', dim),
      cache('valueCache', valueDim),
      ...append.buffers,
      ...through.buffers,
    ],
    passes: [...append.passes, ...through.passes],
  }
  return { ...forward, decoding: { prefill: decoding, step: decoding } }
}

const cache = (name: string, width: number): BufferPlan => ({
  name,
  role: 'state',
  element: 'f32',
  size: product('batch', 'kvHeads', 'capacity', width),
  layout: `[B, KVH, capacity, ${width}]`,
})
