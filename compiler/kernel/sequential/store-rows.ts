/** The last step of a tile of rows: sums over their denominators, or both as a part of the keys has them. */
import type { Epilogue } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import type { Value } from '../kernel.ts'
import { u32Name } from '../lower/frame.ts'
import { partLayout } from '../lower/parts.ts'
import { rowFactor } from '../lower/readout.ts'
import { countOf, firstOf } from '../lower/rows.ts'
import { lanes, range } from '../lower/tile.ts'
import type { Online } from './online-scratch.ts'

/** Stores the rows that are there. */
export function storeRows(k: Author, online: Online): void {
  const { pass, scratch, rows, firstRow, binding } = online
  const { out, over, valueDim, epilogue } = pass
  const scaled = pass.kernel.kind === 'scaled'
  const buffer = binding('parts' in out ? out.parts.buffer : out.buffer)
  k.loop('row', 0, rows, (row) => {
    const total = ir.sharedLoad(scratch.totals, row)
    const scale = scaled ? ir.sharedLoad(scratch.scales, row) : undefined
    const number = k.let('number', ir.add(firstRow, row))
    if ('parts' in out) {
      const layout = partLayout(out.parts, valueDim, scaled)
      const start = k.let('outStart', layout.start(u32Name('part'), number))
      eachColumn(k, online, row, (column, value) => k.store(buffer, ir.add(start, column), value))
      k.store(buffer, layout.total(start), total)
      if (scale !== undefined) k.store(buffer, layout.scale(start), scale)
      return
    }
    const start = k.let('outStart', ir.mul(ir.add(firstOf(out, over), number), valueDim))
    const found = rowFactor(pass, total, scale)
    const factor = found && k.let('factor', found)
    const convolve = epilogue && declareFilter(k, online, epilogue, number)
    eachColumn(k, online, row, (column, value) => {
      const wide = ir.typeOf(value) === 'vec4f'
      const quotient = factor === undefined ? value : ir.mul(value, wide ? ir.splat(factor) : factor)
      const added = convolve === undefined ? quotient : convolve(column, quotient)
      k.store(buffer, ir.add(start, column), added)
    })
  })
}

/** Does with the sums of a row, four by four, and the columns that are left one by one. */
function eachColumn(
  k: Author,
  { pass: { valueDim }, scratch }: Online,
  row: Value,
  run: (column: Value, value: Value) => void,
): void {
  const rest = valueDim % lanes
  const start = k.let('sumStart', ir.mul(row, scratch.width))
  const at = (column: Value): Value => ir.add(start, column)
  if (valueDim > rest)
    k.strided('column', 0, valueDim - rest, lanes, (column) =>
      run(column, ir.sharedLoadFour(scratch.sums, at(column))),
    )
  for (const one of range(rest)) {
    const column = ir.u32(valueDim - rest + one)
    run(column, ir.sharedLoad(scratch.sums, at(column)))
  }
}

/** Declares which entries of the filter meet value rows that are there; returns what adds their products to a column's value. */
function declareFilter(
  k: Author,
  { pass, counts, binding }: Online,
  { filter, width, values }: Epilogue,
  row: Value,
): (column: Value, value: Value) => Name {
  const half = (width - 1) / 2
  const start = k.let('filterStart', ir.mul(ir.mod(u32Name('queryHead'), ir.shape('heads')), width))
  const first = k.let('convolvedRow', ir.add(firstOf(values, 'sliceQueryHead'), row))
  const from = k.let('filterFrom', ir.sub(ir.call('max', row, half), row))
  // A row behind the last value row by half the filter meets none of them.
  const behind = ir.sub(ir.call('max', ir.add(countOf(values, counts), half), row), row)
  const to = k.let('filterTo', ir.call('min', behind, width))
  const buffer = binding(values.buffer)
  return (column, value) => {
    const wide = ir.typeOf(value) === 'vec4f'
    const sum = k.var(column.kind === 'number' ? `convolved${column.value}` : 'convolved', value)
    k.loop('t', from, to, (t) => {
      const entry = ir.load(binding(filter), ir.add(start, t))
      const at = ir.add(ir.mul(ir.sub(ir.add(first, t), half), pass.valueDim), column)
      k.add(sum, wide ? ir.mul(ir.splat(entry), ir.loadFour(buffer, at)) : ir.mul(entry, ir.load(buffer, at)))
    })
    return sum
  }
}
