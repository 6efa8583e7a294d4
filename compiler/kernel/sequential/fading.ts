/**
 * What plain sums fade by under a decay: γ^n for as many rows as a chunk has, computed once a walk. A row and a key in
 * one tile may be the wrong way round; what they weigh is dropped, and so the table begins before n = 0.
 */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { logDecay } from '../lower/frame.ts'
import { tileColumns } from './tile-product.ts'

/** How far n may be below 0, and how far a vector may reach beyond the last row. */
const margin = 2 * tileColumns

/** Powers of γ in scratch. */
export interface Fading {
  readonly powers: SharedArray
  /** γ^n, n in rows as a u32 that may have wrapped below 0. */
  readonly one: (n: Value) => Value
  /** γ^n, γ^(n + 1), … in four lanes. */
  readonly four: (n: Value) => Value
}

/** @param rows of a chunk */
export function fadingOver(rows: number): Fading {
  const powers: SharedArray = { name: 'powers', element: 'f32', length: rows + 2 * margin }
  const at = (n: Value): Value => ir.add(n, margin)
  return {
    powers,
    one: (n) => ir.sharedLoad(powers, at(n)),
    four: (n) => ir.sharedLoadFour(powers, at(n)),
  }
}

/** Fills the table. */
export function fillPowers(k: Author, { powers }: Fading): void {
  k.loop('power', 0, powers.length, (index) => {
    const n = ir.sub(ir.call('max', index, margin), margin)
    k.sharedStore(powers, index, ir.call('exp2', ir.mul(logDecay, ir.convert('f32', n))))
  })
}
