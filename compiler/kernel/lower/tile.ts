/**
 * Threads over a tile of results: eight along the columns unless the tile says
 * otherwise, and down the rows as many as the tile has threads for. Each owns rows
 * in fours, the lanes of its vec4 registers, and every eighth of the value columns,
 * so that neighbouring threads read and write neighbouring numbers.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Tile } from '../../schedule/schedule.ts'
import {
  add,
  bool,
  call,
  convert,
  div,
  lane,
  let_,
  load,
  lt,
  mod,
  mul,
  splat,
  sub,
  thread,
  u32,
  vec4,
} from '../build.ts'
import type { Operand } from '../build.ts'
import type { Author } from '../author.ts'
import type { Binding, SharedArray, Statement, Value } from '../kernel.ts'
import { u32Name } from './frame.ts'

/** Threads along the columns of a tile of 32 rows; also how many fours there are in these. */
export const side = 8
/** Threads along the columns of any tile. */
export const across = (tile: Tile): number => tile.across ?? side
/** Rows in a vec4 register. */
export const lanes = 4
/** The lanes of a vec4f. */
export const fourLanes = [0, 1, 2, 3] as const
/** A lane of a vec4f. */
export type Lane = (typeof fourLanes)[number]
/** Four things, one for each lane. */
export const eachLane = <T>(make: (lane: Lane) => T): readonly [T, T, T, T] => [
  make(0),
  make(1),
  make(2),
  make(3),
]
/** A vec4f whose lanes `at` gives. */
export const inLanes = (at: (lane: Lane) => Operand): Value => vec4(...eachLane(at))
/** The four lanes of a vec4f put together. */
export function acrossLanes(vector: Value, join: (a: Value, b: Value) => Value): Value {
  const [a, b, c, d] = eachLane((which) => lane(vector, which))
  return join(join(a, b), join(c, d))
}

/**
 * The thread's place down the rows of the tile, 0-based; each place owns equally many vec4 row groups.
 * `threadNames` declares it.
 */
export const rowGroup = u32Name('rowGroup')
/** The thread's place along the columns of the tile, 0-based; `threadNames` declares it. */
export const columnGroup = u32Name('columnGroup')

/** Declares `rowGroup` and `columnGroup` from the thread's index; neighbouring threads share a row group. */
export const threadNames = (tile: Tile): Statement[] => [
  let_('rowGroup', div(thread, across(tile))),
  let_('columnGroup', mod(thread, across(tile))),
]

/** How many vec4 registers a thread's share of `count` rows fills. */
export function vectorsOf(tile: Tile, count: number): number {
  const vectors = (count * across(tile)) / (tile.threads * lanes)
  invariant(Number.isInteger(vectors) && vectors > 0, `${tile.threads} threads share ${count} rows in fours`)
  return vectors
}

/** The vec4 row group, counted over the tile, of the thread's register `vector`; a thread holds `vectors` of them. */
export const rowVector = (vector: number, vectors: number): Value => add(mul(rowGroup, vectors), vector)

/** The row numbers of a vec4 row group in its tile, as vec4f; the tile's first row has the number `from`. */
export function rowNumbers(from: number, four: Value = rowGroup): Value {
  const row = (lane: number): Value => convert('f32', add(mul(four, lanes), lane + from))
  return vec4(row(0), row(1), row(2), row(3))
}

/** Four numbers that follow one another, of which `first` (f32) is the first but for `more`. */
export const fourFrom = (first: Value, more = 0): Value =>
  add(splat(first), vec4(...eachLane((lane) => lane + more)))

/** Four numbers for each of `count` places, by (place, group of four). */
export const tileArray = (name: string, places: number, groups = side): SharedArray => ({
  name,
  element: 'vec4f',
  length: places * groups,
})

/** Index in a `tileArray`, whose groups of four vary fastest. */
export const place = (index: Operand, group: Value, groups = side): Value =>
  add(mul(typeof index === 'number' ? u32(index) : index, groups), group)

/** min(index, count − 1), so that a load stays in bounds. */
export function within(index: Value, count: Value | number): Value {
  if (typeof count === 'number') return call('min', index, count - 1)
  return call('min', index, sub(call('max', count, 1), 1))
}

/** min(max(end − start, 0), most): the length of a tile, the last of which may be partial. */
export const extent = (start: Value, end: Value, most: number): Value =>
  call('min', sub(call('max', end, start), start), most)

/** The integers 0 … count−1, for code that the lowering repeats. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** The element of a list at an index that exists. */
export function nth<T>(list: readonly T[], index: number): T {
  const element = list[index]
  invariant(element !== undefined, `a list of ${list.length} has an element ${index}`)
  return element
}

/** A list cut into equal parts, such as a thread's registers into those of its vec4 row groups. */
export function split<T>(list: readonly T[], parts: number): readonly (readonly T[])[] {
  const size = list.length / parts
  invariant(Number.isInteger(size), `${list.length} are cut into ${parts} equal parts`)
  return range(parts).map((part) => list.slice(part * size, (part + 1) * size))
}

/** The value columns of a workgroup's tile, as one thread holds them. */
export interface Columns {
  /** vec4 registers. */
  readonly count: number
  /** Numbers that `start` counts below: 4 where the thread has neighbouring columns in fours. */
  readonly unit: 1 | 4
  /** Column of a register, clamped to the last column. */
  readonly at: (register: number) => Value
  /** Loads the thread's columns of the row that starts at `start`, a name for each access, with a suffix. */
  readonly load: (k: Author, buffer: Binding, start: Value, suffix?: string) => readonly Value[]
  /** Stores the thread's columns of the row that starts at `start`, an f32 for each register. */
  readonly store: (k: Author, buffer: Binding, start: Value, values: readonly Value[]) => void
  /** Runs `then` where the register's column exists. */
  readonly guard: (k: Author, register: number, then: (column: Value) => void) => void
}

/**
 * Declares the thread's share of a tile's value columns; clamps and guards appear only where the tile does not
 * divide `valueDim`. Needs `valueTile` and the thread's names.
 */
export function declareColumns(k: Author, tile: Tile, valueDim: number): Columns {
  const first = k.let('firstColumn', add(mul(u32Name('valueTile'), tile.columns), columnGroup))
  const exact = valueDim % tile.columns === 0
  const count = tile.columns / across(tile)
  const offset = (register: number): number => register * across(tile)
  const column = (register: number): Value => add(first, offset(register))
  const at = (register: number): Value =>
    exact ? column(register) : call('min', column(register), valueDim - 1)
  const guard: Columns['guard'] = (k, register, then) =>
    k.guard(exact ? bool(true) : lt(column(register), valueDim), () => then(column(register)))
  return {
    count,
    unit: 1,
    at,
    load: (k, buffer, start, suffix = '') => {
      // Constants last: each index is then one addition to what all have in common.
      const row = k.let(`rowStart${suffix}`, exact ? add(start, first) : start)
      return range(count).map((register) =>
        k.let(`column${register}${suffix}`, load(buffer, add(row, exact ? offset(register) : at(register)))),
      )
    },
    store: (k, buffer, start, values) =>
      values.forEach((value, register) =>
        guard(k, register, (column) => k.store(buffer, add(start, column), value)),
      ),
    guard,
  }
}

/** How many column tiles cover `valueDim` columns; the last may be partial. */
export const valueTiles = (tile: Tile, valueDim: number): number => Math.ceil(valueDim / tile.columns)
