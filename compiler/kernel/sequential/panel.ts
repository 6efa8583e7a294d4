/**
 * The product that everything else of a thread's work comes down to: four rows by eight columns of a result in
 * registers, and for each step of the sum four numbers of one panel times two vectors of another. Eight sums, two
 * vectors and a number repeated leave registers of a processor to spare; larger tiles do not.
 */
import type { Author, Register } from '../author.ts'
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import type { Value } from '../kernel.ts'
import { range } from '../lower/tile.ts'

/** Rows of a tile of results. */
export const tileRows = 4
const tileVectors = 2
/** Columns of a tile of results. */
export const tileColumns = 8

/** One side of a product: number or vector `n` of step k is at start + k · step + n · apart. */
export interface Panel {
  /** A number of the left side, four of the right. */
  readonly load: (index: Value) => Value
  /** Of the first step. */
  readonly start: Value
  readonly step: number
  readonly apart: number
}

/** Sums of a tile: eight registers, row by row. */
export type Tile = readonly Register[]

/** A tile of zeros. */
export const tileOfZeros = (k: Author, name: string): Tile =>
  k.registers(name, 'vec4f', tileRows * tileVectors)

/** Calls `then` for each register of a tile with its row and, in numbers, its first column. */
export function eachOfTile(tile: Tile, then: (sum: Register, row: number, column: number) => void): void {
  tile.forEach((sum, index) => then(sum, Math.floor(index / tileVectors), (index % tileVectors) * 4))
}

/** Adds Σ left · right over the steps from `from` to `to` to a tile's sums; names begin with `name`. */
export function addPanels(
  k: Author,
  tile: Tile,
  steps: { readonly name: string; readonly from: Operand; readonly to: Operand },
  left: Panel,
  right: Panel,
): void {
  const { name } = steps
  k.loop(name, steps.from, steps.to, (step) => {
    const ofLeft = k.let(`${name}Left`, ir.add(left.start, ir.mul(step, left.step)))
    const ofRight = k.let(`${name}Right`, ir.add(right.start, ir.mul(step, right.step)))
    const vectors = range(tileVectors).map((vector) =>
      k.let(`${name}Vector${vector}`, right.load(ir.add(ofRight, vector * right.apart))),
    )
    for (const row of range(tileRows)) {
      const number = k.let(`${name}Row${row}`, ir.splat(left.load(ir.add(ofLeft, row * left.apart))))
      vectors.forEach((vector, column) => {
        const sum = tile[row * tileVectors + column] as Register
        k.set(sum, ir.call('fma', number, vector, sum))
      })
    }
  })
}
