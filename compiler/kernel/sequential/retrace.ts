/**
 * Walks for gradients: a thread takes the rows of a group through their state once more, in the manner of `walk.ts`, and
 * leaves the cotangents u of φ, over its exponentials.
 *
 * That of queries has the state S of keys and values, and reads it by the cotangents g of rows (`cotangents.ts`). From
 * S g follow the product of g with the result, which is φ(q)·S g over the denominator, and so ĝ, which is what g comes
 * to behind the division, over the scale of each row. It is left for the other walk.
 *
 * That of keys goes from the last row to the first, so that a place is a row counted from the end. What enters its
 * state are queries with their ĝ, and what reads it are keys with their values. Heads of a group follow one another,
 * each from a state of no rows, and add to what is there.
 */
import type { RetracePass, Schedule } from '../../schedule/schedule.ts'
import { record } from '../author.ts'
import * as ir from '../build.ts'
import type { Kernel, SharedArray } from '../kernel.ts'
import { frame } from '../lower/frame.ts'
import { chunkFeatures } from './chunk-features.ts'
import type { WalkArrays } from './chunk.ts'
import type { CotangentArrays } from './cotangents.ts'
import { roundedUp } from './panels.ts'
import { noPowers, powersOf } from './powers.ts'
import type { Retrace } from './retraced.ts'
import { retraceKeys } from './retrace-keys.ts'
import { retraceQueries } from './retrace-queries.ts'
import { scaleArrays } from './scales.ts'
import { tileColumns, tileRows } from './tile-product.ts'

/** The kernel of a walk for gradients. */
export function lowerRetrace(schedule: Schedule, pass: RetracePass): Kernel {
  const { kernel, ...from } = frame(schedule, pass)
  const retrace = retraceOf(schedule, pass, from)
  const queries = pass.cotangents === 'queries'
  const body = record((k) => (queries ? retraceQueries(k, retrace) : retraceKeys(k, retrace)))
  const summary = queries
    ? 'The rows of a group in order: what each component of φ(q) is to the result.'
    : 'The rows of a group from the last to the first: what each component of φ(k) and each value is to the result.'
  return kernel(summary, sharedOf(retrace), body)
}

function retraceOf(schedule: Schedule, pass: RetracePass, from: Retrace['frame']): Retrace {
  const { valueDim, features } = schedule
  const { rows, query, key, cotangents: of, causal } = pass
  const queries = of === 'queries'
  const padded = roundedUp(features, tileRows)
  const columns = roundedUp(valueDim, tileColumns)
  const array = (name: string, length: number): SharedArray => ({ name, element: 'f32', length })
  const arrays: WalkArrays = {
    ofKeys: array('ofKeys', padded * rows),
    ofQueries: array('ofQueries', padded * rows),
    pairs: array('pairs', rows * rows),
    sums: array('sums', padded * columns),
    totals: array('totals', padded),
    seen: array('seen', rows),
    denominators: array('denominators', rows),
    ...(queries ? {} : { ofTotals: array('ofTotals', rows) }),
  }
  const divides = queries && pass.division.kind === 'sum'
  const cotangents: CotangentArrays = {
    values: array('values', rows * columns),
    turned: array('turned', rows * columns),
    ofState: array('ofState', padded * rows),
    reached: divides ? array('reached', padded * rows) : undefined,
    order: divides && causal ? array('order', rows * rows) : undefined,
  }
  const scaled = pass.scaling === 'scaled'
  const sides = queries ? { query, key } : { query: key, key: query }
  const division = queries ? pass.division : ({ kind: 'none' } as const)
  const { values } = cotangents
  return {
    schedule,
    pass,
    frame: from,
    arrays,
    cotangents,
    scales: scaled ? scaleArrays(padded, rows, sides, true) : undefined,
    features: {
      query: chunkFeatures(schedule, rows, query.blocks),
      key: chunkFeatures(schedule, rows, key.blocks),
    },
    chunk: (out) => ({
      schedule,
      pass: { rows, causal, division, scaling: pass.scaling },
      arrays,
      columns,
      values: (column) => ({
        load: (index) => ir.sharedLoadFour(values, index),
        start: column,
        step: columns,
        apart: 4,
      }),
      out,
      action: from.action,
      powers: scaled ? noPowers : powersOf(from.action, rows),
    }),
  }
}

/** Scratch; that of features serves both sides in turn. */
function sharedOf({ arrays, cotangents, scales, features, chunk, pass }: Retrace): SharedArray[] {
  const { powers } = chunk({ begin: () => (place) => place, store: () => undefined })
  const { denominators: _, pairs, ...own } = arrays
  const all = [
    ...Object.values<SharedArray | undefined>(own),
    ...(pass.causal ? [pairs] : []),
    ...Object.values<SharedArray | undefined>({ ...cotangents }),
    ...Object.values<SharedArray | undefined>({ ...scales }),
    ...powers.shared,
    ...features.query.shared,
    ...features.key.shared,
  ]
  const longest = new Map<string, SharedArray>()
  for (const one of all)
    if (one !== undefined && one.length >= (longest.get(one.name)?.length ?? 0)) longest.set(one.name, one)
  return [...longest.values()]
}
