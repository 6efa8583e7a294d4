/**
 * Some rows of a matrix with a thread's columns, in workgroup memory: four columns a vec4f, for products whose weights
 * are by row. Neighbouring threads read neighbouring columns.
 */
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Binding, Value } from '../kernel.ts'
import type { Tile } from '../../schedule/schedule.ts'
import { u32Name } from './frame.ts'
import { fromPanel, panelPlace } from './panel.ts'
import type { Panel } from './panel.ts'
import { across, columnGroup, inLanes, lanes, nth, range } from './tile.ts'

/** The columns of a tile of `valueDim` columns in a panel, which holds `depth` rows at a time. */
export interface ColumnPanel {
  readonly panel: Panel
  readonly tile: Tile
  readonly valueDim: number
  readonly depth: number
}

/** How many groups of four columns a tile has. */
export const columnFours = ({ columns }: Tile): number => columns / lanes

/** Fills the panel with rows of a buffer, of which `startOf` gives the first number; a barrier has to follow. */
export function fillColumns(
  k: Author,
  { panel, tile, valueDim, depth }: ColumnPanel,
  buffer: Binding,
  startOf: (row: Value) => Value,
): void {
  const { fours } = panel
  const exact = valueDim % tile.columns === 0
  k.strided('filled', ir.thread, depth * fours, tile.threads, (filled) => {
    const row = k.let('filledRow', ir.div(filled, fours))
    const four = k.let('filledFour', ir.mod(filled, fours))
    const start = k.let('filledStart', startOf(row))
    const first = k.let('filledColumn', ir.add(ir.mul(u32Name('valueTile'), tile.columns), four))
    const column = (lane: number): Value => {
      const at = ir.add(first, lane * fours)
      return exact ? at : ir.call('min', at, valueDim - 1)
    }
    k.sharedStore(
      panel.array,
      panelPlace(panel, row, { of: four, more: 0 }),
      inLanes((lane) => ir.load(buffer, ir.add(start, column(lane)))),
    )
  })
}

/** The thread's columns of a row of the panel, in the order of its registers. */
export function columnsOf(k: Author, { panel, tile }: ColumnPanel, row: Value): readonly Value[] {
  const groups = columnFours(tile) / across(tile)
  const fours = range(groups).map((group) =>
    k.let(`columns${group}`, fromPanel(panel, row, { of: columnGroup, more: group * across(tile) })),
  )
  // The columns of a group lie a quarter of the tile apart, and registers are in the order of columns.
  return range(groups * lanes).map((register) =>
    ir.lane(nth(fours, register % groups), Math.floor(register / groups) as 0 | 1 | 2 | 3),
  )
}
