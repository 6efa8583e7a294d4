/** Attention of every query row to every key that it sees; decoding goes through caches of keys and values. */
import type { Attend, Attention } from '../../algebra/attention.ts'
import { undecodable } from '../../algebra/facts.ts'
import { dataBuffers, positions, product } from '../buffers.ts'
import type { Planner } from '../planner.ts'
import type { BufferPlan, Rows, Schedule } from '../schedule.ts'
import { attendRows, scheduleSteps } from './steps.ts'

/** Schedules a single step, which attends. Its forms of decoding append rows to caches, and attend to these. */
export function scheduleExact(attention: Attention, step: Attend, planner: Planner): Schedule {
  const { dim, valueDim } = attention
  const forward: Schedule = {
    ...scheduleSteps(attention, planner),
    ...(planner.rowsApart ? { rows: 'apart' } : {}),
  }
  if (undecodable(attention) !== undefined) return forward
  // The prefix and a token are the same passes: rows into the caches, and queries through them.
  const cached = (buffer: string): Rows => ({ buffer, of: 'cachedHead', count: 'cached' })
  const append = [
    planner.append({ from: 'k', to: 'keyCache', width: dim }),
    planner.append({ from: 'v', to: 'valueCache', width: valueDim }),
  ]
  const through = planner.attend({
    ...attendRows(step, { attention }),
    name: `${step.name}_cached`,
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
      ...through.buffers,
    ],
    passes: [...append, ...through.passes],
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
