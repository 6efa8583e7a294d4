/**
 * Where projected rows lie (see `schedule/projection-passes.ts`), and which row
 * of the call each of them comes from.
 */
import type { Groups, Pass, Schedule } from '../../schedule/schedule.ts'
import { add, div, load, lt, mod, mul, shape, sub, u32 } from '../build.ts'
import type { Author } from '../author.ts'
import type { Binding, Value } from '../kernel.ts'
import { headsOf, headsPerGroup, owner } from './frame.ts'
import { rowsOfCall, rowStart } from './row-places.ts'

const queriesOf = (groups: Groups): Value => mul(headsOf(groups), shape('length'))
const rowsOf = (groups: Groups): Value => add(queriesOf(groups), shape('keyLength'))

/** How many projected rows a slice has: the query rows and the key rows of its groups. */
export const projectedCount = (groups: Groups): Value => mul(shape('sliceCount'), rowsOf(groups))

/** Index of a head's first row among them; needs `slice`, and for queries `headInGroup`. */
function firstProjected(groups: Groups, side: 'query' | 'key'): Value {
  const first = mul(owner.slice, rowsOf(groups))
  if (side === 'key') return add(first, queriesOf(groups))
  return groups === 'heads' ? first : add(first, mul(owner.headInGroup, shape('length')))
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

/** How many rows a group has to project: of queries, and of queries and keys. */
export interface GroupRows {
  readonly queries: Value
  readonly all: Value
}

/** Declares how many rows a group has to project. */
export function declareGroupRows(k: Author, groups: Groups): GroupRows {
  const queries = k.let('queriesOfGroup', queriesOf(groups))
  return { queries, all: k.let('rowsOfGroup', add(queries, shape('keyLength'))) }
}

/** The row of q or of k that a projected row comes from. */
export interface Source {
  /** Runs `then` for the row, whose entries `entry` loads. */
  readonly read: (k: Author, then: (entry: (index: Value) => Value) => void) => void
}

/**
 * Declares where a projected row comes from.
 *
 * @param suffix keeps the names of several rows apart
 */
export function declareSource(
  k: Author,
  { groups, dim }: Schedule,
  { queries, all }: GroupRows,
  row: Value,
  { q, k: keys }: { readonly q: Binding; readonly k: Binding },
  suffix: string | number = '',
): Source {
  const local = k.let(`rowOfGroup${suffix}`, mod(row, all))
  const group = k.let(`groupOfRow${suffix}`, add(shape('sliceStart'), div(row, all)))
  const keyGroup = groups === 'kvHeads' ? group : div(group, headsPerGroup)
  const headInGroup = groups === 'heads' ? u32(0) : div(local, shape('length'))
  const queryRow = sub(local, mul(headInGroup, shape('length')))
  const queryHead = add(mul(group, headsOf(groups)), headInGroup)
  const heads = { queryHead, keyGroup, batchItem: div(group, shape(groups)) }
  const query = rowStart(rowsOfCall('query', dim, heads), queryRow)
  const key = rowStart(rowsOfCall('key', dim, heads), sub(local, queries))
  const readFrom =
    (k: Author, name: string, buffer: Binding, start: Value, then: Parameters<Source['read']>[1]) =>
    (): void => {
      const first = k.let(`${name}${suffix}`, start)
      then((index) => load(buffer, add(first, index)))
    }
  return {
    read: (k, then) =>
      k.if(lt(local, queries), readFrom(k, 'query', q, query, then), readFrom(k, 'key', keys, key, then)),
  }
}
