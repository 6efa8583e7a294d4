/**
 * A depthwise convolution down the rows, added to what a tile's registers hold.
 *
 * A thread's four rows are neighbours, so that a value row within reach of one
 * is mostly within reach of all: each is read once, and its four weights are
 * four neighbouring entries of the filter.
 */
import type { Epilogue } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Target, Value } from '../kernel.ts'
import { u32Name } from './frame.ts'
import type { Counts, Frame } from './frame.ts'
import { countOf, firstOf } from './rows.ts'
import { contract } from './tile-product.ts'
import { inLanes, lanes, range, rowGroup, within } from './tile.ts'
import type { Columns } from './tile.ts'

/** The operands of `addEpilogue`: the filter and its buffers, and the thread's registers that receive the sums. */
export interface Added {
  readonly epilogue: Epilogue
  readonly binding: Frame['binding']
  readonly counts: Counts
  readonly valueDim: number
  readonly columns: Columns
  readonly sums: readonly Target[]
  readonly firstRow: Value
}

/** Adds a depthwise convolution over the value rows to `sums`, for the four rows and all value columns of a thread. */
export function addEpilogue(k: Author, operands: Added): void {
  const { epilogue, binding, counts, valueDim, columns, sums, firstRow } = operands
  const { filter, width, values } = epilogue
  const half = (width - 1) / 2
  const rows = countOf(values, counts)
  k.comment('the convolution over the values: entry t of the filter for the row t − half below')
  const filterStart = k.let('filterStart', ir.mul(ir.mod(u32Name('queryHead'), ir.shape('heads')), width))
  const first = k.let('firstConvolved', firstOf(values, 'sliceQueryHead'))
  contract(k, 't', width + lanes - 1, [{ sums }], (t) => {
    // Row `lane` meets the value row with entry t − lane of its filter.
    const entry = (lane: number): Value => {
      const index = ir.sub(ir.call('max', t, lane), lane)
      const inFilter = ir.and(ir.ge(t, lane), ir.lt(index, width))
      return ir.select(inFilter, ir.load(binding(filter), ir.add(filterStart, within(index, width))), 0)
    }
    const weights = k.let('weights', inLanes(entry))
    // Counted from `half` rows before the first, to stay above zero.
    const ahead = k.let('ahead', ir.add(firstRow, ir.mul(rowGroup, lanes), t))
    const row = k.let('convolvedRow', ir.sub(ir.call('max', ahead, half), half))
    const exists = k.let('there', ir.and(ir.ge(ahead, half), ir.lt(row, rows)))
    const start = k.let('convolvedStart', ir.mul(ir.add(first, within(row, rows)), valueDim))
    const entries = range(columns.count).map((column) =>
      ir.select(exists, ir.load(binding(values.buffer), ir.add(start, columns.at(column))), 0),
    )
    return { weights: [weights], entries }
  })
}

/** The end of a kernel's summary; empty without an epilogue. */
export const andEpilogue = (epilogue: Epilogue | undefined): string =>
  epilogue === undefined ? '' : ', and the convolution over the values'
