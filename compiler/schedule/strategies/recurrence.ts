/**
 * A state that rows change one after another: the rows that its entries lie in, then one pass through them. A prefix and a
 * token are the same pass, behind the state that is there.
 */
import type { Attention, Entries, Recur, RowOperation } from '../../algebra/attention.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { mapsOf } from '../../algebra/facts.ts'
import { dataBuffers, positions, product } from '../buffers.ts'
import { buffersOfData } from '../data.ts'
import { filterPass, keepPass, ringBuffer } from '../filter.ts'
import { mappedBuffer, mapPass, resultBuffer, resultPlace } from '../map.ts'
import type { MapContext } from '../map.ts'
import { outlineOf } from '../outline.ts'
import type { Planner } from '../planner.ts'
import type { BufferPlan, Pass, RecurPass, Rows, Schedule } from '../schedule.ts'
import { placeOf, widthOf } from './steps.ts'

/** Schedules an attention whose last step it is, in all its forms. */
export function scheduleRecurrence(attention: Attention, step: Recur, planner: Planner): Schedule {
  const { recur } = planner
  invariant(recur !== undefined, 'a recurrence is for targets with passes through rows')
  const maps = mapsOf(attention)
  const filters = attention.steps.filter((one) => one.kind === 'filter')
  const out = resultPlace(step)
  const form = (name: string, own: readonly BufferPlan[], carries: boolean): Schedule => {
    const counts = own.filter(({ role }) => role === 'lengths').map((buffer) => buffer.name)
    const token = carries && !counts.includes('lengths')
    const plan = recur({
      ...operandsOf(step),
      name,
      valueDim: attention.valueDim,
      out: placeInGroup(out),
      carries,
      counts,
      ...(token && { token }),
    })
    const context: MapContext = {
      attention,
      groups: 'heads',
      decoding: carries,
      ...(token && { counts: 'none' }),
    }
    const passes = [
      ...filters.map((filter) => filterPass(filter, carries)),
      ...(carries ? filters.map((filter) => keepPass(filter, token)) : []),
      ...attention.steps.flatMap((one) => passesOf(one, context, plan.passes)),
    ]
    return {
      ...outlineOf(attention),
      features: step.features,
      groups: 'heads',
      chunk: 1,
      chunks: 1,
      ...plan.chunks,
      buffers: [
        ...own,
        ...buffersOfData(attention, passes),
        ...filters.map((filter) => mappedBuffer(filter, 'heads')),
        ...maps.filter(({ result }) => result !== 'out').map((map) => mappedBuffer(map, 'heads')),
        ...(step.result === 'out' ? [] : [resultBuffer(step, attention.valueDim, 'heads')]),
        ...plan.buffers,
      ],
      passes,
    }
  }
  const data = dataBuffers(attention)
  const behind = [...data, positions, carriedState(attention, step), ...filters.map(ringBuffer)]
  return {
    ...form(step.name, data, false),
    decoding: {
      prefill: form(`${step.name}_on`, behind, true),
      step: form(
        `${step.name}_token`,
        behind.filter(({ name }) => name !== 'lengths'),
        true,
      ),
    },
  }
}

/** Of a step in order; filters come before all of them. */
function passesOf(step: RowOperation, context: MapContext, recur: readonly Pass[]): readonly Pass[] {
  if (step.kind === 'filter') return []
  return step.kind === 'map' ? [mapPass(step, context)] : recur
}

/** Where the entries lie. */
function operandsOf({
  features,
  queries,
  scale,
  terms,
}: Recur): Pick<RecurPass, 'features' | 'queries' | 'scale' | 'terms'> {
  const place = ({ rows, first, width }: Entries): RecurPass['queries'] => ({
    ...placeInGroup(placeOf(rows)),
    pitch: widthOf(rows),
    first,
    width,
  })
  const operand = (of: Entries | number): RecurPass['scale'] => (typeof of === 'number' ? of : place(of))
  return {
    features,
    queries: place(queries),
    scale: operand(scale),
    terms: terms.map(({ x, writes, reads }) => ({
      x: place(x),
      writes: writes.map(place),
      reads: reads.map(({ a, by }) => ({ a: place(a), by: operand(by) })),
    })),
  }
}

/** Groups are query heads, so that rows of these are rows of a group. */
const placeInGroup = (rows: Rows): Rows =>
  rows.of === 'sliceQueryHead' ? { ...rows, of: 'sliceKeyHead' } : rows

const carriedState = ({ valueDim }: Attention, { features }: Recur): BufferPlan => ({
  name: 'carried',
  role: 'state',
  element: 'f32',
  size: product('batch', 'heads', features * valueDim),
  layout: `per query head: S [${features} × ${valueDim}]`,
})
