/**
 * Cells in blocks, for processors: neighbouring columns are the lanes of vectors, and some rows are taken together, so
 * that a number which several cells of a block read is loaded once. A sum of products becomes a product of tiles.
 *
 * Every statement of a cell is written once for each row or vector that its names depend on. Where a condition is not
 * the same in all of them, they are taken one by one.
 */
import type { CellKernel } from '../cell.ts'
import { asKernel, cell } from '../cell.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { Binding, Kernel, Value } from '../kernel.ts'
import { lanes, range } from '../lower/tile.ts'
import { Dependences } from './dependence.ts'
import { CellBlock } from './cell-block.ts'
import type { BlockShape } from './cell-block.ts'

/** The kernel of cells in blocks; undefined where cells are too unlike one another. */
export function inBlocks(kernel: CellKernel, output: Binding): Kernel | undefined {
  const shape = shapeOf(kernel, output, true)
  if (shape === undefined) return undefined
  const { blocks, compute } = blocksOf(kernel, output, shape)
  const { count } = asKernel(kernel, output)
  const all = ir.let_('blocksOfCells', blocks)
  // As many workgroups as of single cells, since passes say how many run.
  const share = ir.let_('blocksOfOne', ir.div(ir.add(ir.ref(all), ir.sub(count, 1)), count))
  const end = ir.call('min', ir.mul(ir.add(ir.workgroup, 1), ir.ref(share)), ir.ref(all))
  return {
    name: kernel.name,
    summary: kernel.summary,
    workgroupSize: 1,
    count,
    bindings: [...kernel.inputs, output],
    shared: [],
    body: ir.block(all, share, ir.for_('blockOfCells', ir.mul(ir.workgroup, ir.ref(share)), end, 1, compute)),
  }
}

/** How many blocks there are, and the code of one. */
function blocksOf(
  kernel: CellKernel,
  output: Binding,
  shape: ShapeOfBlocks,
): { readonly blocks: Value; readonly compute: (number: Value) => Body } {
  const { rows, vectors, width } = shape
  const [, height, depth] = kernel.extent
  const columns = vectors * lanes
  const across = Math.ceil(width / columns)
  const down = ir.div(ir.add(height, rows - 1), rows)
  const block = blockOf(kernel, output, shape)
  const compute = (number: Value): Body => {
    const start = ir.let_('blockColumn', ir.mul(ir.mod(number, across), columns))
    const first = ir.let_('blockRow', ir.mul(ir.mod(ir.div(number, across), down), rows))
    const z = ir.let_('z', ir.div(number, ir.mul(down, across)))
    return [start, first, z, block(ir.ref(start), ir.ref(first))]
  }
  return { blocks: ir.mul(ir.mul(down, depth), across), compute }
}

/** The code of a block, by its first column and row; it sees the cells' `z`. */
export function blockOf(
  kernel: CellKernel,
  output: Binding,
  shape: ShapeOfBlocks,
): (start: Value, first: Value) => Body {
  const { rows, vectors, width } = shape
  const [, height] = kernel.extent
  const columns = vectors * lanes
  const whole = Math.floor(width / columns) * columns
  const block = new CellBlock(kernel, new Dependences(kernel, { rows, columns }), shape)
  return (start, first) => {
    const inBlock: Body = [
      ir.let_('x', start),
      ir.let_('y', first),
      block.rowNames(height),
      block.statements(kernel.body),
      storesOf(kernel, block, shape, output),
    ]
    if (whole === width) return inBlock
    return ir.if_(
      ir.lt(start, whole),
      inBlock,
      oneByOne(kernel, output, { start, first, rows, end: ir.u32(width) }),
    )
  }
}

/** Columns that fill no vector, up to one. */
export function oneByOne(
  { extent, body, result, place }: CellKernel,
  output: Binding,
  {
    start,
    first,
    rows,
    end,
  }: { readonly start: Value; readonly first: Value; readonly rows: number; readonly end: Value },
): Body {
  const [width, height] = extent
  const last = ir.call('min', ir.add(first, rows), height)
  const at = ir.add(ir.mul(ir.add(ir.mul(cell.z, height), cell.y), width), cell.x)
  return ir.for_('y', first, last, 1, () =>
    ir.for_('x', start, end, 1, () => [body, ir.store(output, place ?? at, result)]),
  )
}

/** A block, and the width of the box. */
export type ShapeOfBlocks = BlockShape & { readonly width: number }

/**
 * The largest block that the cells allow, of 4 rows and 8 columns at the most; undefined where they are too unlike.
 *
 * @param moved whether four numbers of a buffer are moved at once, from anywhere
 */
export function shapeOf(kernel: CellKernel, output: Binding, moved: boolean): ShapeOfBlocks | undefined {
  const [width, height] = kernel.extent
  if (width.kind !== 'number' || width.value < lanes || output.element !== 'f32') return undefined
  if (kernel.inputs.some(({ name }) => name === output.name)) return undefined
  const most = width.value < 2 * lanes ? 1 : 2
  const four = new Dependences(kernel, { rows: mostRows, columns: most * lanes })
  if (four.ofLoops.x || !four.of(kernel.result).x) return undefined
  const rows = four.ofLoops.y || (height.kind === 'number' && height.value < mostRows) ? 1 : mostRows
  // Lanes that part ways are written out one by one.
  const branches = four.ofBranches.x
  return { rows: branches ? 1 : rows, vectors: branches ? 1 : most, width: width.value, moved }
}

const mostRows = 4

function storesOf(
  { extent, result, place }: CellKernel,
  block: CellBlock,
  { rows, vectors, moved }: BlockShape,
  output: Binding,
): Body {
  const [width, height] = extent
  const ofRow = (row: number): Body => {
    const first = ir.add(ir.mul(ir.add(ir.mul(cell.z, height), block.row(row)), width), cell.x)
    const at = (column: number): Value =>
      place === undefined ? ir.add(first, column) : block.number(place, row, column)
    const even = moved && (place === undefined || block.coefficient(place) === 1)
    return Array.from({ length: vectors }, (_, vector) => {
      const value = ir.let_(`result_${row}${vector}`, block.vector(result, row, vector))
      const stores = even
        ? ir.store(output, at(vector * lanes), ir.ref(value))
        : range(lanes).map((lane) =>
            ir.store(output, at(vector * lanes + lane), ir.lane(ir.ref(value), lane as 0)),
          )
      return [value, stores]
    })
  }
  return range(rows).map((row): Body => {
    const body = ofRow(row)
    return row === 0 ? body : ir.if_(ir.lt(ir.add(cell.y, row), height), body)
  })
}
