/**
 * The product of matrices on a processor: a tile of 4 × 8 results in vector
 * registers, summed over the depth. Eight sums, two vectors of the right matrix
 * and one splat entry of the left are eleven of the sixteen registers; a larger
 * tile spills, and an unrolled loop over the depth does, too.
 *
 * The operands are functions of indexes, so that a matrix may lie in a buffer or
 * in scratch, as it is or transposed. A row of the right matrix is read eight
 * neighbouring numbers at a time; of the left matrix one entry at a time is
 * read, from wherever it is. What does not fill a tile is padded where it is
 * packed (`panels.ts`), so that no tile is partial here.
 */
import * as ir from '../build.ts'
import type { Body, Operand } from '../build.ts'
import type { Value } from '../kernel.ts'

/** Rows of a tile of results. */
export const tileRows = 4
/** Columns of a tile of results: two vectors. */
export const tileColumns = 8

const lanes = 4

/** The operands of a product, and what becomes of its sums. */
export interface TileProduct {
  /** Begins the names, so that several products may stand in one scope. */
  readonly prefix: string
  /** How many products a result is the sum of, times `step`: u32. */
  readonly depth: Operand
  /** By how much `t` grows: the distance of neighbouring places, where both operands have the same. By default 1. */
  readonly step?: number
  /** f32: the entry of the left matrix in this row of the tile, 0 … 3, at depth `t`. */
  readonly left: (row: number, t: Value) => Value
  /** vec4f: the entries of the right matrix at depth `t` in the tile's columns 4·vector … 4·vector + 3. */
  readonly right: (t: Value, vector: number) => Value
  /** vec4f: what a sum starts from; 0 where absent. */
  readonly initial?: (row: number, vector: number) => Value
  /** Rows of the tile; by default four. */
  readonly rows?: number
  /** Vectors of its columns; by default two. */
  readonly vectors?: number
}

/** The statements of a product, and its results once they have run. */
export interface Product {
  readonly statements: Body
  /** vec4f: of this row the columns 4·vector … 4·vector + 3. */
  readonly result: (row: number, vector: number) => Value
}

/** Computes one tile of results: a loop over the depth, in the order of the depth, each step a multiply-add. */
export function tileProduct(of: TileProduct): Product {
  const { prefix, depth, step = 1, left, right, initial, rows = tileRows, vectors = tileColumns / lanes } = of
  const each = Array.from({ length: rows }, (_, row) => row)
  const across = Array.from({ length: vectors }, (_, vector) => vector)
  const sums = each.map((row) =>
    across.map((vector) =>
      ir.var_(`${prefix}_sum${row}${vector}`, initial === undefined ? ir.splat(0) : initial(row, vector)),
    ),
  )
  const loop = ir.for_(`${prefix}_t`, 0, depth, step, (t) => {
    const columns = across.map((vector) => ir.let_(`${prefix}_right${vector}`, right(t, vector)))
    const entry = (row: number): ReturnType<typeof ir.let_> =>
      ir.let_(`${prefix}_left${row}`, ir.splat(left(row, t)))
    return [
      columns,
      sums.map((ofRow, row) => {
        const name = entry(row)
        return [
          name,
          ofRow.map((sum, vector) => {
            const column = columns[vector]
            return column === undefined
              ? []
              : ir.assign(ir.ref(sum), ir.fma(ir.ref(name), ir.ref(column), ir.ref(sum)))
          }),
        ]
      }),
    ]
  })
  return {
    statements: [sums.flat(), loop],
    result: (row, vector) => {
      const sum = sums[row]?.[vector]
      return sum === undefined ? ir.splat(0) : ir.ref(sum)
    },
  }
}
