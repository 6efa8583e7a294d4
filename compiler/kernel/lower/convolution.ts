/**
 * A depthwise convolution down the rows, added to what a tile's registers hold.
 *
 * A thread's four rows are neighbours, so that a value row within reach of one
 * is mostly within reach of all: each is read once, and its four weights are
 * four neighbouring entries of the filter.
 */
import type { Convolution } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { Statement, Value } from '../kernel.ts'
import { u32Name } from './frame.ts'
import type { Counts, Frame } from './frame.ts'
import { countOf, firstOf } from './rows.ts'
import { lanes, range, rowGroup, within } from './tile.ts'
import type { Columns } from './tile.ts'

/**
 * The operands of `convolve`: the filter and its buffers, and the thread's registers that receive the sums.
 */
export interface Convolved {
  readonly convolution: Convolution
  readonly binding: Frame['binding']
  readonly counts: Counts
  readonly valueDim: number
  readonly columns: Columns
  readonly sums: Extract<Statement, { kind: 'registers' }>
  readonly firstRow: Value
}

/**
 * Adds a depthwise convolution over the value rows to `sums`, for the four rows and all value columns of a
 * thread.
 */
export function convolve(what: Convolved): Body {
  const { convolution, binding, counts, valueDim, columns, sums, firstRow } = what
  const { filter, width, values } = convolution
  const half = (width - 1) / 2
  const rows = countOf(values, counts)
  const start = ir.let_('filterStart', ir.mul(ir.mod(u32Name('queryHead'), ir.shape('heads')), width))
  const first = ir.let_('firstConvolved', firstOf(values, 'sliceQueryHead'))
  return [
    ir.comment('the convolution over the values: entry t of the filter for the row t − half below'),
    start,
    first,
    ir.for_('t', 0, width + lanes - 1, 1, (t) => {
      // Row `lane` meets the value row with entry t − lane of its filter.
      const entry = (lane: number): Value => {
        const index = ir.sub(ir.call('max', t, lane), lane)
        const there = ir.and(ir.ge(t, lane), ir.lt(index, width))
        const at = ir.add(ir.ref(start), within(index, width))
        return ir.select(there, ir.load(binding(filter), at), 0)
      }
      const weights = ir.let_('weights', ir.vec4(entry(0), entry(1), entry(2), entry(3)))
      // Counted from `half` rows before the first, to stay above zero.
      const ahead = ir.let_('ahead', ir.add(firstRow, ir.mul(rowGroup, lanes), t))
      const row = ir.let_('convolvedRow', ir.sub(ir.call('max', ir.ref(ahead), half), half))
      const there = ir.let_('there', ir.and(ir.ge(ir.ref(ahead), half), ir.lt(ir.ref(row), rows)))
      const at = ir.let_('convolvedStart', ir.mul(ir.add(ir.ref(first), within(ir.ref(row), rows)), valueDim))
      return [
        weights,
        ahead,
        row,
        there,
        at,
        range(columns.count).map((index) => {
          const loaded = ir.load(binding(values.buffer), ir.add(ir.ref(at), columns.at(index)))
          const value = ir.select(ir.ref(there), loaded, 0)
          return ir.assign(
            ir.register(sums, index),
            ir.add(ir.register(sums, index), ir.mul(ir.ref(weights), ir.splat(value))),
          )
        }),
      ]
    }),
  ]
}
