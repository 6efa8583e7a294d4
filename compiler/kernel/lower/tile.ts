/**
 * Threads over a tile of results: eight along the columns, and down the rows as
 * many as the tile has threads for. Each owns rows in fours, the lanes of its
 * vec4 registers, and of the value columns four at a time, 32 apart, so that
 * neighbouring threads read neighbouring numbers.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Tile } from '../../schedule/schedule.ts'
import { add, call, convert, div, if_, let_, lt, mod, mul, ref, sub, thread, u32, vec4 } from '../build.ts'
import type { Body, Operand } from '../build.ts'
import type { SharedArray, Statement, Value } from '../kernel.ts'
import { u32Name } from './frame.ts'

/** Threads along the columns of a tile; also how many fours there are in its 32 rows. */
export const side = 8
/** Rows in a vec4 register. */
export const lanes = 4

export const rowGroup = u32Name('rowGroup')
export const columnGroup = u32Name('columnGroup')

export function threadNames(tile: Tile): Statement[] {
  invariant(tile.rows === side * lanes, 'a tile has 32 rows')
  return [let_('rowGroup', div(thread, side)), let_('columnGroup', mod(thread, side))]
}

/** How many vec4 registers a thread's share of `count` rows fills. */
export function vectorsOf({ threads }: Tile, count: number): number {
  const vectors = (count * side) / (threads * lanes)
  invariant(Number.isInteger(vectors) && vectors > 0, `${threads} threads share ${count} rows in fours`)
  return vectors
}

/** Among all fours of a tile's rows, the thread's, of which it has `vectors`. */
export const rowVector = (vector: number, vectors: number): Value => add(mul(rowGroup, vectors), vector)

/** The rows of a four within their tile as vec4f, counted from `from`. */
export function rowNumbers(from: number, four: Value = rowGroup): Value {
  const row = (lane: number): Value => convert('f32', add(mul(four, lanes), lane + from))
  return vec4(row(0), row(1), row(2), row(3))
}

/** Four numbers for each of `count` places, by (place, group of four). */
export const tileArray = (name: string, places: number, groups = side): SharedArray => ({
  name,
  element: 'vec4f',
  length: places * groups,
})

export const place = (index: Operand, group: Value, groups = side): Value =>
  add(mul(typeof index === 'number' ? u32(index) : index, groups), group)

/** An index, or the last one there is: a load that stays inside. */
export function within(index: Value, count: Value | number): Value {
  if (typeof count === 'number') return call('min', index, count - 1)
  return call('min', index, sub(call('max', count, 1), 1))
}

/** How many places there are from `start` to `end`, at most `most`. */
export const extent = (start: Value, end: Value, most: number): Value =>
  call('min', sub(call('max', end, start), start), most)

export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** The value columns of a workgroup's tile, as one thread holds them. */
export interface Columns {
  /** vec4 registers. */
  readonly count: number
  /** Declares `firstColumn`; needs `valueTile` and the thread's names. */
  readonly names: Statement
  /** Column of a register, clamped to the last one there is. */
  readonly at: (register: number) => Value
  /** Where in memory a row's columns lie: a declaration, and the index of a register's number. */
  readonly along: (start: Value) => { readonly name: Statement; readonly at: (register: number) => Value }
  /** Whether the register's column exists, around a store to it. */
  readonly guard: (register: number, then: (column: Value) => Body) => Body
}

export function columnsOf(tile: Tile, valueDim: number): Columns {
  const first = let_('firstColumn', add(mul(u32Name('valueTile'), tile.columns), mul(columnGroup, lanes)))
  const exact = valueDim % tile.columns === 0
  const offset = (register: number): number =>
    Math.floor(register / lanes) * side * lanes + (register % lanes)
  const column = (register: number): Value => add(ref(first), offset(register))
  const at = (register: number): Value =>
    exact ? column(register) : call('min', column(register), valueDim - 1)
  return {
    count: tile.columns / side,
    names: first,
    at,
    along: (start) => {
      // Constants last: each index is then one addition to what all have in common.
      const name = let_('rowStart', exact ? add(start, ref(first)) : start)
      return { name, at: (register) => add(ref(name), exact ? offset(register) : at(register)) }
    },
    guard: (register, then) =>
      exact ? then(column(register)) : if_(lt(column(register), valueDim), then(column(register))),
  }
}

export const valueTiles = (tile: Tile, valueDim: number): number => Math.ceil(valueDim / tile.columns)
