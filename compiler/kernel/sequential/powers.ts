/**
 * What rows do to plain sums, by a table: the factors of as many rows as a chunk has, computed once a walk. A row and a
 * key in one tile may be the wrong way round; what they weigh is dropped, and so the table begins before no rows.
 */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { byFactor, unchanged } from '../lower/action.ts'
import type { Factor, StateAction } from '../lower/action.ts'
import { tileColumns } from './tile-product.ts'

/** How far a number of rows may be below 0, and how far a vector may reach beyond the last row. */
const margin = 2 * tileColumns

/** Powers of an action in scratch. Numbers of rows are u32, and may have wrapped below 0. */
export interface Powers {
  readonly shared: readonly SharedArray[]
  /** Fills the table. */
  readonly fill: (k: Author) => void
  /** What n rows do. */
  readonly after: (n: Value) => Factor
  /** What n, n + 1, … rows do, in four lanes. */
  readonly afterFour: (n: Value) => Factor
}

/** Rows that do nothing need no table; nor do rows that act on scales. */
export const noPowers: Powers = {
  shared: [],
  fill: () => undefined,
  after: () => unchanged,
  afterFour: () => unchanged,
}

/** @param rows of a chunk */
export function powersOf(action: StateAction, rows: number): Powers {
  if (action.isIdentity) return noPowers
  const powers: SharedArray = { name: 'powers', element: 'f32', length: rows + 2 * margin }
  const at = (n: Value): Value => ir.add(n, margin)
  return {
    shared: [powers],
    fill: (k) =>
      k.loop('power', 0, powers.length, (index) => {
        const n = ir.sub(ir.call('max', index, margin), margin)
        k.sharedStore(powers, index, action.after(ir.convert('f32', n)).value)
      }),
    after: (n) => byFactor(ir.sharedLoad(powers, at(n))),
    afterFour: (n) => byFactor(ir.sharedLoadFour(powers, at(n))),
  }
}
