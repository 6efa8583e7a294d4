/** What the parts of an online kernel know in common: its scratch, its rows, and the eight of them that are worked on. */
import type { OnlinePass } from '../../schedule/schedule.ts'
import { lowest } from '../kernel.ts'
import type { SharedArray, Value } from '../kernel.ts'
import type { Frame } from '../lower/frame.ts'
import { oneSidedSums } from './one-sided.ts'
import { roundedUp } from './panels.ts'
import { tileColumns } from './tile-product.ts'

/** A pass, where its operands are, and the tile of rows that the workgroup takes. */
export interface Online {
  readonly pass: OnlinePass
  /** Entries of a query and of a key. */
  readonly dim: number
  readonly scratch: OnlineScratch
  readonly binding: Frame['binding']
  readonly counts: Frame['counts']
  /** Rows of the tile that are there: u32. */
  readonly rows: Value
  /** The number of the tile's first row: u32. */
  readonly firstRow: Value
  /** The first key of the pass, and past the last one that a row of the tile may see: u32. */
  readonly start: Value
  readonly end: Value
  /** A row's number among the keys: behind the cached ones when decoding. */
  readonly numbered: (row: Value) => Value
}

/** Eight rows and a tile of keys; all values are u32. */
export interface Block {
  /** The first of the rows, counted in the tile of rows, and among all rows. */
  readonly row: Value
  readonly first: Value
  /** The first of the keys, and how many the rows may see. */
  readonly from: Value
  readonly keys: Value
}

/** The arrays of an online kernel. */
export interface OnlineScratch {
  /** Query rows in panels of eight, [row / 8][t][row mod 8]. */
  readonly queries: SharedArray
  /** Key rows, `keyStride` apart. */
  readonly keys: SharedArray
  readonly keyStride: number
  /** Value rows in panels of eight columns, [column / 8][key][column mod 8]. */
  readonly values: SharedArray
  /** Numerators, a row of `width` numbers for each row of the tile. */
  readonly sums: SharedArray
  readonly width: number
  /** Denominators, one a row. */
  readonly totals: SharedArray
  /** Log-scales, one a row: the largest exponent that the row has seen. */
  readonly scales: SharedArray
  /**
   * The scale of a row that has seen nothing: far above the exponent of a pair that is not seen, so that such a pair
   * weighs nothing, and far below every other.
   */
  readonly nothing: number
  /** Exponents of eight rows, then weights, [key][row]; coefficients likewise, where there are any. */
  readonly pairs: SharedArray
  readonly coefficients: SharedArray
  /** Sums over one row alone, [which][row of the tile] and [which][key]. */
  readonly querySums: SharedArray
  readonly keySums: SharedArray
  /** Those that the kernel uses. */
  readonly arrays: readonly SharedArray[]
}

/** Lays out the scratch of a pass whose rows of queries and keys have `dim` entries. */
export function scratchOf({ tile, kernel, valueDim }: OnlinePass, dim: number): OnlineScratch {
  const floats = (name: string, length: number): SharedArray => ({ name, element: 'f32', length })
  const [keyStride, width] = [roundedUp(dim, 4), roundedUp(valueDim, tileColumns)]
  const { ofQueries, ofKeys } = oneSidedSums(kernel)
  const used = {
    queries: floats('queryPanels', tile.rows * dim),
    keys: floats('keyRows', tile.steps * keyStride),
    values: floats('valuePanels', tile.steps * width),
    sums: floats('sums', tile.rows * width),
    totals: floats('totals', tile.rows),
    pairs: floats('pairs', tile.steps * tileColumns),
  }
  const scales = floats('scales', tile.rows)
  const coefficients = floats('coefficients', tile.steps * tileColumns)
  const querySums = floats('querySums', Math.max(1, ofQueries) * tile.rows)
  const keySums = floats('keySums', Math.max(1, ofKeys) * tile.steps)
  return {
    ...used,
    keyStride,
    width,
    scales,
    nothing: lowest / 2,
    coefficients,
    querySums,
    keySums,
    arrays: [
      ...Object.values(used),
      ...(kernel.kind === 'scaled' ? [scales] : []),
      ...(kernel.kind === 'scaled' && kernel.coefficient !== undefined ? [coefficients] : []),
      ...(ofQueries > 0 ? [querySums] : []),
      ...(ofKeys > 0 ? [keySums] : []),
    ],
  }
}
