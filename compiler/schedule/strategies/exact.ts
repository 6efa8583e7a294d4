/** Attention of every query row to every key that it sees; decoding goes through caches of keys and values. */
import type { Accumulated, Attend, Attention, Mapped, RowOperand } from '../../algebra/attention.ts'
import { alongOf, undecodable } from '../../algebra/facts.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { accumulatedPlan } from '../accumulate.ts'
import type { SumsBefore } from '../accumulate.ts'
import { dataBuffers, positions, product, valueRows } from '../buffers.ts'
import { buffersOfData } from '../data.ts'
import { choose, gt, load, lt, real, size, sub } from '../equation/build.ts'
import { entryOf } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
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
  const keys = placeOf(step.keys)
  const dim = widthOf(step.keys)
  const context: MapContext = {
    attention,
    groups: 'kvHeads',
    decoding: true,
    counts: 'cached',
    inOrder: planner.rowsApart,
  }
  const append = [
    planner.append({ from: keys, to: 'keyCache', width: dim }),
    planner.append({ from: valueRows, to: 'valueCache', width: valueDim }),
  ]
  const throughCache: AttendRows = {
    ...attendRows(step, { attention }),
    name: `${step.name}_cached`,
    keys: cached('keyCache'),
    values: cached('valueCache'),
  }
  const decoding = ({ buffers, chunks, ...attending }: Plan, token: boolean): Schedule => {
    const [before, made] = rowsAround(attention, step, context, token)
    const passes = [...before.passes, ...append, ...attending.passes, ...made.passes]
    return {
      ...forward,
      ...chunks,
      passes,
      buffers: [
        ...dataBuffers(attention),
        positions,
        cache('keyCache', dim),
        cache('valueCache', valueDim),
        ...buffersOfData(attention, passes),
        ...before.buffers,
        ...made.buffers,
        ...(step.result === 'out' ? [] : [resultBuffer(step, valueDim, 'kvHeads')]),
        ...buffers,
      ],
    }
  }
  const prefill = decoding(planner.attend(throughCache), false)
  return {
    ...forward,
    decoding: {
      prefill,
      step: planner.attendToken === undefined ? prefill : decoding(planner.attendToken(throughCache), true),
    },
  }
}

/** The rows in front of the attention and those behind it, of rows that follow those in its caches. */
function rowsAround(
  attention: Attention,
  step: Attend,
  context: MapContext,
  token: boolean,
): readonly [Plan, Plan] {
  const planOf = (one: Mapped | Accumulated): Plan => {
    const own = one.result === 'out' ? [] : [mappedBuffer(one, 'kvHeads')]
    if (one.kind === 'map') return { passes: [mapPass(one, context)], buffers: own }
    const sumsBefore = sumsInCache(one, step.keys)
    const { passes, buffers } = accumulatedPlan(one, { groups: 'kvHeads', sumsBefore, token })
    return { passes, buffers: [...buffers, ...own] }
  }
  const behind = attention.steps.indexOf(step)
  const together = (first: boolean): Plan => {
    const plans = alongOf(attention)
      .filter((one) => attention.steps.indexOf(one) < behind === first)
      .map(planOf)
    return {
      passes: plans.flatMap(({ passes }) => passes),
      buffers: plans.flatMap(({ buffers }) => buffers),
    }
  }
  return [together(true), together(false)]
}

/** Sums that keys hold among their entries: of the last key in the cache; 0 where there is none, or keys do without. */
function sumsInCache(step: Accumulated, keys: RowOperand): SumsBefore {
  invariant(keys.kind === 'map', 'keys hold what their scores see of the rows before them')
  const [name] = Object.entries(keys.rows).find(([, rows]) => rows === step) ?? []
  const placeOfEntry = (index: number): number | undefined =>
    keys.parts.find(
      ({ value }) =>
        value.kind === 'element' &&
        value.vector === name &&
        value.index.kind === 'constant' &&
        value.index.value === index,
    )?.start
  const entries = step.rows.width
  return (head, entry, part) => {
    const first = part === 'whole' ? 0 : entries
    const row = sub(head.firstPosition, 1)
    const sums = Array.from({ length: entries }, (_, index): Formula => {
      const place = placeOfEntry(first + index)
      return place === undefined
        ? real(0)
        : load('keyCache', entryOf(cached('keyCache'), head, row, keys.width, size(place)))
    })
    const chosen = sums.reduceRight((others, own, index) => choose(lt(entry, index + 1), own, others))
    return choose(gt(head.firstPosition, 0), chosen, 0)
  }
}

const cached = (buffer: string): Rows => ({ buffer, of: 'cachedHead', count: 'cached' })

const cache = (name: string, width: number): BufferPlan => ({
  name,
  role: 'state',
  element: 'f32',
  size: product('batch', 'kvHeads', 'capacity', width),
  layout: `[B, KVH, capacity, ${width}]`,
})
