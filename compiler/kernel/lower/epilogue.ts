/**
 * A depthwise convolution down the rows, added to sums before they are stored: for a tile of rows in a thread's
 * registers, and for one row in scratch.
 */
import type { Epilogue } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import type { Target, Value } from '../kernel.ts'
import { u32Name } from './frame.ts'
import type { Counts, Frame } from './frame.ts'
import { rowStart } from './row-places.ts'
import type { RowPlaces } from './row-places.ts'
import { countOf, namedPlaces, placesOf } from './rows.ts'
import { contract } from './tile-product.ts'
import { inLanes, lanes, within } from './tile.ts'
import type { Columns } from './tile.ts'

/** The filter, its buffers, and the width of a value row. */
interface Filter {
  readonly epilogue: Epilogue
  readonly binding: Frame['binding']
  readonly counts: Counts
  readonly valueDim: number
}

/** The filter, and the thread's registers that receive the sums. */
export interface Added extends Filter {
  readonly columns: Columns
  readonly groups: readonly RowGroup[]
}

/** Four rows that follow one another, and their sums by column. */
interface RowGroup {
  readonly firstRow: Value
  readonly sums: readonly Target[]
}

/**
 * Adds a depthwise convolution over the value rows to the sums of a thread's groups of rows, for all of its value
 * columns. The four rows of a group are neighbours, so that a value row within reach of one is mostly within reach of all: each is read
 * once, and its four weights are four neighbouring entries of the filter.
 */
export function addEpilogue(k: Author, operands: Added): void {
  const declared = declareFilter(k, operands, operands.columns.unit)
  for (const group of operands.groups) addToGroup(k, operands, declared, group)
}

function addToGroup(
  k: Author,
  { epilogue, binding, counts, columns }: Added,
  { filterStart, places }: ReturnType<typeof declareFilter>,
  { firstRow, sums }: RowGroup,
): void {
  const { filter, width, values } = epilogue
  const half = (width - 1) / 2
  const rows = countOf(values, counts)
  contract(k, 't', width + lanes - 1, [{ sums }], (t) => {
    // Row `lane` meets the value row with entry t − lane of its filter.
    const entry = (lane: number): Value => {
      const index = ir.sub(ir.call('max', t, lane), lane)
      const inFilter = ir.and(ir.ge(t, lane), ir.lt(index, width))
      return ir.select(inFilter, ir.load(binding(filter), ir.add(filterStart, within(index, width))), 0)
    }
    const weights = k.let('weights', inLanes(entry))
    // Counted from `half` rows before the first, to stay above zero.
    const ahead = k.let('ahead', ir.add(firstRow, t))
    const row = k.let('filteredRow', ir.sub(ir.call('max', ahead, half), half))
    const exists = k.let('there', ir.and(ir.ge(ahead, half), ir.lt(row, rows)))
    const start = rowStart(places, within(row, rows))
    const entries = columns.load(k, binding(values.buffer), start, 'Filtered')
    return { weights: [weights], entries: entries.map((entry) => ir.select(exists, entry, 0)) }
  })
}

/**
 * Declares which entries of the filter meet value rows for one row, and returns a function that adds their products to
 * a column of it: to one number, or to four neighbouring ones.
 */
export function rowEpilogue(k: Author, of: Filter, row: Value): (column: Value, value: Value) => Name {
  const { epilogue, binding, counts } = of
  const { filter, width, values } = epilogue
  const half = (width - 1) / 2
  const { filterStart, places } = declareFilter(k, of)
  const from = k.let('filterFrom', ir.sub(ir.call('max', row, half), row))
  // A row behind the last value row by half the filter meets none of them.
  const behind = ir.sub(ir.call('max', ir.add(countOf(values, counts), half), row), row)
  const to = k.let('filterTo', ir.call('min', behind, width))
  const buffer = binding(values.buffer)
  return (column, value) => {
    const wide = ir.typeOf(value) === 'vec4f'
    const sum = k.var(column.kind === 'number' ? `filtered${column.value}` : 'filtered', value)
    k.loop('t', from, to, (t) => {
      const entry = ir.load(binding(filter), ir.add(filterStart, t))
      const at = ir.add(rowStart(places, ir.sub(ir.add(row, t), half)), column)
      k.add(sum, wide ? ir.mul(ir.splat(entry), ir.loadFour(buffer, at)) : ir.mul(entry, ir.load(buffer, at)))
    })
    return sum
  }
}

/** Declares where the head's filter begins and, in units of so many numbers, where the value rows do. */
function declareFilter(
  k: Author,
  { epilogue: { width, values }, valueDim }: Filter,
  unit = 1,
): { readonly filterStart: Value; readonly places: RowPlaces } {
  k.comment('the filter over the values: its entry t for the row t − half below')
  const head = ir.mod(u32Name('queryHead'), ir.shape('heads'))
  const filterStart = k.let('filterStart', ir.mul(head, width))
  const places = placesOf(values, 'sliceQueryHead', valueDim / unit)
  return { filterStart, places: namedPlaces(k, 'firstConvolved', places) }
}
