/**
 * Where projected rows lie (see `schedule/projection-passes.ts`), and which row
 * of the call each of them comes from.
 */
import type { Pass, Schedule } from '../../schedule/schedule.ts'
import { add, div, if_, let_, load, lt, mod, mul, ref, shape, sub } from '../build.ts'
import type { Body } from '../build.ts'
import type { Binding, Statement, Value } from '../kernel.ts'
import { headsOf, headsPerGroup, u32Name } from './frame.ts'

const queriesOf = (groups: Schedule['groups']): Value => mul(headsOf(groups), shape('length'))
const rowsOf = (groups: Schedule['groups']): Value => add(queriesOf(groups), shape('keyLength'))

/** How many projected rows a slice has: the query rows and the key rows of its groups. */
export const projectedCount = (groups: Schedule['groups']): Value => mul(shape('sliceCount'), rowsOf(groups))

/** Index of a head's first row among them; needs `slice`, and for queries `headInGroup`. */
function firstProjected(groups: Schedule['groups'], side: 'query' | 'key'): Value {
  const first = mul(u32Name('slice'), rowsOf(groups))
  if (side === 'key') return add(first, queriesOf(groups))
  return groups === 'heads' ? first : add(first, mul(u32Name('headInGroup'), shape('length')))
}

/** What features read instead of projecting, in a pass that is given projected rows. */
export function projectedOf(
  { groups, passes }: Schedule,
  pass: Pass,
  binding: (name: string) => Binding,
  side: 'query' | 'key',
): { readonly buffer: Binding; readonly first: Value; readonly width: number } | undefined {
  const writer = passes.find((one) => one.kind === 'transform')
  if (writer === undefined || !pass.buffers.includes('projected')) return undefined
  return { buffer: binding('projected'), first: firstProjected(groups, side), width: writer.count }
}

/** `queriesOfGroup` and `rowsOfGroup`, which `sourceOf` needs. */
export const groupRowNames = (groups: Schedule['groups']): Statement[] => {
  const queries = let_('queriesOfGroup', queriesOf(groups))
  return [queries, let_('rowsOfGroup', add(ref(queries), shape('keyLength')))]
}

/** The row of q or of k that a projected row comes from. */
export interface Source {
  readonly names: Body
  /** What is to be done with the row, whose entries `entry` loads. */
  readonly read: (then: (entry: (index: Value) => Value) => Body) => Body
}

/** @param suffix keeps the names of several rows apart */
export function sourceOf(
  { groups, dim }: Schedule,
  row: Value,
  { q, k }: { readonly q: Binding; readonly k: Binding },
  suffix = '',
): Source {
  const [queries, rows] = [u32Name('queriesOfGroup'), u32Name('rowsOfGroup')]
  const local = let_(`rowOfGroup${suffix}`, mod(row, rows))
  const group = let_(`groupOfRow${suffix}`, add(shape('sliceStart'), div(row, rows)))
  const keyGroup = groups === 'kvHeads' ? ref(group) : div(ref(group), headsPerGroup)
  const query = let_(`query${suffix}`, mul(add(mul(ref(group), queries), ref(local)), dim))
  const key = let_(`key${suffix}`, mul(add(mul(keyGroup, shape('keyLength')), sub(ref(local), queries)), dim))
  return {
    names: [local, group],
    read: (then) =>
      if_(
        lt(ref(local), queries),
        [query, then((index) => load(q, add(ref(query), index)))],
        [key, then((index) => load(k, add(ref(key), index)))],
      ),
  }
}
