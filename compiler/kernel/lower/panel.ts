/**
 * Operands of a tile product in workgroup memory: some entries of the rows of a tile, four rows a vec4f.
 *
 * Neighbouring threads read neighbouring entries of a row, whatever the row's width, and each puts four rows together,
 * so that a product loads four numbers at once. A step along the entries lies an odd number of vec4f behind the one
 * before: then neither who stores entry by entry nor who loads row by row meets a bank twice.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import type { Author } from '../author.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import { inLanes } from './tile.ts'

/** A part of an array of workgroup memory, a vec4f by (entry, group of rows). */
export interface Panel {
  readonly array: SharedArray
  /** Where it starts. */
  readonly first: number
  /** Groups of four rows. */
  readonly fours: number
}

/** From an entry to the next. */
const strideOf = (fours: number): number => fours + 1 - (fours % 2)

/** The vec4f that `depth` entries of so many groups take. */
export const panelLength = (fours: number, depth: number): number => strideOf(fours) * depth

/** A group of four rows: one that the thread knows, and a constant behind it. */
export interface Four {
  readonly of: Value
  readonly more: number
}

/** Index of an entry of a group of rows; `step` is a constant that adds to the entry. Constants stand last, where accesses add them for nothing. */
export const panelPlace = ({ first, fours }: Panel, entry: Operand, { of, more }: Four, step = 0): Value =>
  ir.add(
    ir.mul(typeof entry === 'number' ? ir.u32(entry) : entry, strideOf(fours)),
    of,
    first + more + step * strideOf(fours),
  )

/** Loads an entry of four rows. */
export const fromPanel = (panel: Panel, entry: Operand, four: Four, step = 0): Value =>
  ir.sharedLoad(panel.array, panelPlace(panel, entry, four, step))

/** What fills a panel: rows of a matrix that lie behind one another in a buffer. */
export interface Filling {
  readonly panel: Panel
  readonly buffer: Binding
  /** Index in rows of the matrix's first row, and of its last one, counted from there. */
  readonly first: Value
  readonly last: Value
  /** Row of the matrix that is in a lane of a group; past the last row stands the last. */
  readonly rowAt: (four: Value, lane: number) => Value
}

/** An entry of a matrix's row, which is the last one where it is past that. */
export const loadEntry = ({ buffer, first, last }: Filling, width: number, row: Value, entry: Value): Value =>
  ir.load(buffer, ir.add(ir.mul(ir.call('min', row, last), width), ir.add(ir.mul(first, width), entry)))

/**
 * Fills panels with `depth` entries of rows that are `width` long, of which a thread has one and some groups of rows;
 * a barrier has to follow. `entryAt` gives the entry for a place in the panel.
 */
export function fillPanels(
  k: Author,
  { threads, depth, width }: { readonly threads: number; readonly depth: number; readonly width: number },
  entryAt: (place: Value) => Value,
  fillings: readonly Filling[],
): void {
  const place = k.let('place', ir.mod(ir.thread, depth))
  const entry = k.let('entry', entryAt(place))
  const apart = threads / depth
  invariant(Number.isInteger(apart), 'threads take the entries of a panel in whole rounds')
  const firstFour = k.let('firstFour', ir.div(ir.thread, depth))
  for (const filling of fillings) {
    const { panel, rowAt } = filling
    for (let more = 0; more < panel.fours; more += apart) {
      const four = ir.add(firstFour, more)
      k.guard(panel.fours % apart === 0 ? ir.bool(true) : ir.lt(four, panel.fours), () =>
        k.sharedStore(
          panel.array,
          panelPlace(panel, place, { of: firstFour, more }),
          inLanes((lane) => loadEntry(filling, width, rowAt(four, lane), entry)),
        ),
      )
    }
  }
}
