// Products of matrices by tiles of 4 × 8 in kernels of one thread, at sizes that fill no tile, beside loops in float64.
import { describe, expect, test } from 'vitest'
import { record } from '../../compiler/kernel/author.ts'
import * as ir from '../../compiler/kernel/build.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Binding, Kernel, SharedArray, Value } from '../../compiler/kernel/kernel.ts'
import {
  copyRows,
  matrixIn,
  packColumns,
  packRows,
  roundedUp,
} from '../../compiler/kernel/sequential/panels.ts'
import { addProducts, eachOfTile, tileOf } from '../../compiler/kernel/sequential/tile-product.ts'
import { numbers } from './samples.ts'
import { shapeOf } from './shape.ts'

const left: Binding = { name: 'left', element: 'f32', access: 'read' }
const right: Binding = { name: 'right', element: 'f32', access: 'read' }
const out: Binding = { name: 'out', element: 'f32', access: 'read_write' }

interface Sizes {
  readonly rows: number
  readonly columns: number
  readonly depth: number
}

/** out = left · right, or left · rightᵀ where the right matrix is given by its columns. */
function productKernel({ rows, columns, depth }: Sizes, byColumns: boolean): Kernel {
  const [height, width] = [roundedUp(rows, 4), roundedUp(columns, 8)]
  const stride = roundedUp(depth, 4)
  const array = (name: string, length: number): SharedArray => ({ name, element: 'f32', length })
  const [a, b] = [array('a', height * stride), array('b', depth * width)]
  const lines = (buffer: Binding, count: number) =>
    matrixIn(buffer, count, (row: Value) => ir.mul(row, count))
  return {
    name: 'product',
    summary: 'a test',
    workgroupSize: 1,
    count: ir.u32(1),
    bindings: [left, right, out],
    shared: [a, b],
    body: ir.block(
      copyRows({
        prefix: 'a',
        matrix: lines(left, depth),
        rows: ir.u32(rows),
        into: a,
        stride,
        multiple: 4,
      }),
      byColumns
        ? packRows({ prefix: 'b', matrix: lines(right, depth), rows: ir.u32(columns), into: b })
        : packColumns({
            prefix: 'b',
            matrix: lines(right, columns),
            rows: ir.u32(depth),
            into: b,
            most: depth,
          }),
      record((k) =>
        k.strided('row', 0, height, 4, (row) =>
          k.strided('column', 0, width, 8, (column) => {
            const tile = tileOf(k, 'tile')
            addProducts(k, tile, { name: 't', from: 0, to: depth }, (t) => ({
              left: (r) => ir.sharedLoad(a, ir.add(ir.mul(row, stride), t, r * stride)),
              right: (vector) =>
                ir.sharedLoadFour(b, ir.add(ir.mul(column, depth), ir.mul(t, 8), vector * 4)),
            }))
            eachOfTile(tile, (sum, r, offset) =>
              k.store(out, ir.add(ir.mul(ir.add(row, r), width), column, offset), sum),
            )
          }),
        ),
      ),
    ),
  }
}

const sizes: readonly Sizes[] = [
  { rows: 1, columns: 1, depth: 1 },
  { rows: 3, columns: 7, depth: 5 },
  { rows: 4, columns: 8, depth: 64 },
  { rows: 9, columns: 13, depth: 3 },
  { rows: 6, columns: 20, depth: 12 },
]

describe.each([false, true])('the right matrix given by columns: %s', (byColumns) => {
  test.each(sizes)('$rows rows, $columns columns, $depth deep', (size) => {
    const { rows, columns, depth } = size
    const [a, b] = [numbers(rows * depth, 1), numbers(columns * depth, 2)]
    const width = roundedUp(columns, 8)
    const found = new Float32Array(roundedUp(rows, 4) * width).fill(Number.NaN)
    interpret(productKernel(size, byColumns), { left: a, right: b, out: found }, shapeOf())
    const wanted = (row: number, column: number): number => {
      let sum = 0
      for (let t = 0; t < depth; t++)
        sum += a[row * depth + t]! * b[byColumns ? column * depth + t : t * columns + column]!
      return sum
    }
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        expect(found[row * width + column]).toBeCloseTo(wanted(row, column), 5)
    // What fills the last tile up is made of numbers that there are, and never of what was in scratch.
    expect(found.every(Number.isFinite)).toBe(true)
  })
})

test('sums start from what is there', () => {
  const kernel = productKernel({ rows: 4, columns: 8, depth: 2 }, false)
  const body = record((k) => {
    const tile = tileOf(k, 'tile', (row) => ir.splat(10 * (row + 1)))
    addProducts(k, tile, { name: 't', from: 0, to: 16, stride: 8 }, (t) => ({
      left: (row) => ir.load(left, ir.add(t, row)),
      right: (vector) => ir.loadFour(right, ir.add(t, vector * 4)),
    }))
    eachOfTile(tile, (sum, row, offset) => k.store(out, 8 * row + offset, sum))
  })
  const [a, b, found] = [numbers(12, 3), numbers(16, 4), new Float32Array(32)]
  interpret({ ...kernel, shared: [], body }, { left: a, right: b, out: found }, shapeOf())
  for (let row = 0; row < 4; row++)
    for (let column = 0; column < 8; column++)
      expect(found[row * 8 + column]).toBeCloseTo(
        10 * (row + 1) + a[row]! * b[column]! + a[8 + row]! * b[8 + column]!,
        5,
      )
})
