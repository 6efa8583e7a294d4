/** Attention of every query row to every key that it sees; decoding goes through caches of keys and values. */
import type { Attend, Attention } from '../../algebra/attention.ts'
import { mapsOf, undecodable } from '../../algebra/facts.ts'
import { dataBuffers, positions, product, valueRows } from '../buffers.ts'
import { buffersOfData } from '../data.ts'
import { mappedBuffer, mapPass, resultBuffer } from '../map.ts'
import type { MapContext } from '../map.ts'
import type { Attend as AttendRows, Plan, Planner } from '../planner.ts'
import type { BufferPlan, Rows, Schedule } from '../schedule.ts'
import { attendRows, placeOf, scheduleSteps, widthOf } from './steps.ts'

/** Schedules a single step, which attends. Its forms of decoding append rows to caches, and attend to these. */
export function scheduleExact(attention: Attention, step: Attend, planner: Planner): Schedule {
  const { valueDim } = attention
  const forward: Schedule = {
    ...scheduleSteps(attention, planner),
    ...(planner.rowsApart ? { rows: 'apart' } : {}),
  }
  if (undecodable(attention) !== undefined) return forward
  // The prefix and a token are alike: rows into the caches, and queries through them.
  const cached = (buffer: string): Rows => ({ buffer, of: 'cachedHead', count: 'cached' })
  const keys = placeOf(step.keys)
  const dim = widthOf(step.keys)
  const maps = mapsOf(attention)
  const context: MapContext = {
    attention,
    groups: 'kvHeads',
    decoding: true,
    counts: 'cached',
    inOrder: planner.rowsApart,
  }
  const behind = attention.steps.indexOf(step)
  const mapped = maps.map((map) => ({
    first: attention.steps.indexOf(map) < behind,
    pass: mapPass(map, context),
  }))
  const made = mapped.filter(({ first }) => !first).map(({ pass }) => pass)
  const append = [
    ...mapped.filter(({ first }) => first).map(({ pass }) => pass),
    planner.append({ from: keys, to: 'keyCache', width: dim }),
    planner.append({ from: valueRows, to: 'valueCache', width: valueDim }),
  ]
  const throughCache: AttendRows = {
    ...attendRows(step, { attention }),
    name: `${step.name}_cached`,
    keys: cached('keyCache'),
    values: cached('valueCache'),
  }
  const decoding = ({ buffers, passes, chunks }: Plan): Schedule => ({
    ...forward,
    ...chunks,
    buffers: [
      ...dataBuffers(attention),
      positions,
      cache('keyCache', dim),
      cache('valueCache', valueDim),
      ...buffersOfData(attention, [...append, ...passes, ...made]),
      ...maps.filter(({ result }) => result !== 'out').map((map) => mappedBuffer(map, 'kvHeads')),
      ...(step.result === 'out' ? [] : [resultBuffer(step, valueDim, 'kvHeads')]),
      ...buffers,
    ],
    passes: [...append, ...passes, ...made],
  })
  const prefill = decoding(planner.attend(throughCache))
  return {
    ...forward,
    decoding: {
      prefill,
      step: planner.attendToken === undefined ? prefill : decoding(planner.attendToken(throughCache)),
    },
  }
}

const cache = (name: string, width: number): BufferPlan => ({
  name,
  role: 'state',
  element: 'f32',
  size: product('batch', 'kvHeads', 'capacity', width),
  layout: `[B, KVH, capacity, ${width}]`,
})
