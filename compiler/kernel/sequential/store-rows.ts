/** The last step of a tile of rows: sums over their denominators, or both as a part of the keys has them. */
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Value } from '../kernel.ts'
import { declareBeside } from '../lower/beside.ts'
import { rowEpilogue } from '../lower/epilogue.ts'
import { u32Name } from '../lower/frame.ts'
import { partLayout } from '../lower/parts.ts'
import { rowFactor } from '../lower/readout.ts'
import { rowStart } from '../lower/row-places.ts'
import { placesOf } from '../lower/rows.ts'
import { lanes, range } from '../lower/tile.ts'
import type { Online } from './online-scratch.ts'

/** Stores the rows that are there. */
export function storeRows(k: Author, online: Online): void {
  const { pass, scratch, rows, firstRow, binding } = online
  const { out, over, valueDim, epilogue } = pass
  const scaled = pass.kernel.kind === 'scaled'
  const buffer = binding('parts' in out ? out.parts.buffer : out.buffer)
  const withBeside = declareBeside(k, pass, binding)
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
    const start = k.let('outStart', rowStart(placesOf(out, over, valueDim), number))
    const whole = withBeside ? k.let('whole', withBeside(total, scale)) : total
    const found = rowFactor(pass, whole, scale)
    const factor = found && k.let('factor', found)
    const addTo = epilogue && rowEpilogue(k, { ...online, epilogue, valueDim }, number)
    eachColumn(k, online, row, (column, value) => {
      const wide = ir.typeOf(value) === 'vec4f'
      const quotient = factor === undefined ? value : ir.mul(value, wide ? ir.splat(factor) : factor)
      k.store(buffer, ir.add(start, column), addTo === undefined ? quotient : addTo(column, quotient))
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
