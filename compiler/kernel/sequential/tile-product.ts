/**
 * The product of matrices on a processor: a tile of 4 × 8 results in vector
 * registers, summed over the depth. Eight sums, two vectors of the right matrix
 * and one repeated entry of the left are eleven of the sixteen registers; a
 * larger tile spills, and an unrolled loop over the depth does, too.
 *
 * The operands are functions of indexes, so that a matrix may lie in a buffer or
 * in scratch, as it is or transposed. A row of the right matrix is read eight
 * neighbouring numbers at a time; of the left matrix one entry at a time is
 * read, from wherever it is. What does not fill a tile is padded where it is
 * packed (`panels.ts`), so that no tile is partial here.
 */
import type { Author, Name } from '../author.ts'
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import type { Value } from '../kernel.ts'
import { fourLanes, lanes, range } from '../lower/tile.ts'

/** Rows of a tile of results. */
export const tileRows = 4
/** Columns of a tile of results: two vectors. */
export const tileColumns = 8

const vectors = range(tileColumns / lanes)

/** Sums of a tile, vec4f: by row, and by vector of its columns. */
export type Tile = readonly (readonly Name[])[]

/** Declares the sums of a tile; they start from 0 where `initial` does not say from what. */
export const tileOf = (
  k: Author,
  name: string,
  initial: (row: number, vector: number) => Value = () => ir.splat(0),
): Tile =>
  fourLanes.map((row) => vectors.map((vector) => k.var(`${name}_sum${row}${vector}`, initial(row, vector))))

/** Calls `then` for each sum of a tile with its row and, in numbers, its first column. */
export function eachOfTile(tile: Tile, then: (sum: Name, row: number, column: number) => void): void {
  tile.forEach((sums, row) => sums.forEach((sum, vector) => then(sum, row, vector * lanes)))
}

/** The loop over the depth: u32, by its name. */
export interface Depth {
  readonly name: string
  readonly from: Operand
  readonly to: Operand
  /** The distance of neighbouring places, where both operands have the same; by default 1. */
  readonly stride?: number
}

/** Both operands at one place of the depth. */
export interface Operands {
  /** f32: the entry of the left matrix in this row of the tile, 0 … 3. */
  readonly left: (row: number) => Value
  /** vec4f: the entries of the right matrix in the tile's columns 4·vector … 4·vector + 3. */
  readonly right: (vector: number) => Value
}

/** Adds products to the sums of a tile: in the order of the depth, each step a multiply-add. */
export function addProducts(k: Author, tile: Tile, depth: Depth, at: (t: Value) => Operands): void {
  const { name, from, to, stride = 1 } = depth
  k.strided(name, from, to, stride, (t) => {
    const { left, right } = at(t)
    const columns = vectors.map((vector) => k.let(`${name}Vector${vector}`, right(vector)))
    tile.forEach((sums, row) => {
      const entry = k.let(`${name}Row${row}`, ir.splat(left(row)))
      columns.forEach((column, vector) => {
        const sum = sums[vector] as Name
        k.set(sum, ir.fma(entry, column, sum))
      })
    })
  })
}

/** One side of a product in memory: number or vector `n` at place t of the depth is at start + t · step + n · apart. */
export interface Panel {
  /** A number of the left side, four of the right. */
  readonly load: (index: Value) => Value
  /** Of the first place. */
  readonly start: Value
  readonly step: Operand
  readonly apart: number
}

/** Adds the products of two panels to the sums of a tile. */
export function addPanels(k: Author, tile: Tile, depth: Depth, left: Panel, right: Panel): void {
  const { name } = depth
  addProducts(k, tile, depth, (t) => {
    const ofLeft = k.let(`${name}Left`, ir.add(left.start, ir.mul(t, left.step)))
    const ofRight = k.let(`${name}Right`, ir.add(right.start, ir.mul(t, right.step)))
    return {
      left: (row) => left.load(ir.add(ofLeft, row * left.apart)),
      right: (vector) => right.load(ir.add(ofRight, vector * right.apart)),
    }
  })
}
