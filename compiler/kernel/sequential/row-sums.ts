/**
 * Sums and maxima of a kernel's expression over a query alone, or over a key alone. They are computed once for each
 * row of a tile and kept in scratch, four rows at a time, with which the expression meets every row of the other side.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Term } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { expressionsOf } from '../lower/features.ts'
import { widen } from '../lower/operators.ts'
import { reduceRows } from '../lower/pairs.ts'
import type { Reduced, Row } from '../lower/pairs.ts'
import { lanes } from '../lower/tile.ts'
import { seeingOnly } from './one-sided.ts'
import type { Online } from './online-scratch.ts'
import { tileColumns } from './tile-product.ts'

/** Computes the sums over a query alone, for the tile's queries. */
export function querySums(k: Author, { pass, dim, scratch, rows }: Online): void {
  const into = { array: scratch.querySums, most: pass.tile.rows }
  oneSided(k, pass.kernel, ['q', 'k'], into, rows, (first) => {
    // A panel holds two fours of rows.
    const half = ir.mod(first, tileColumns)
    const start = ir.add(ir.mul(ir.sub(first, half), dim), half)
    const at = (index: Value): Value => ir.add(start, ir.mul(index, tileColumns))
    return {
      loadLanes: (index) => ir.sharedLoadFour(scratch.queries, at(index)),
      load: (lane, index) => ir.sharedLoad(scratch.queries, ir.add(at(index), lane)),
    }
  })
}

/** Computes the sums over a key alone, for the keys of a tile, of which `here` exist. */
export function keySums(k: Author, { pass, scratch }: Online, here: Value): void {
  const { keys, keyStride } = scratch
  const into = { array: scratch.keySums, most: pass.tile.steps }
  oneSided(k, pass.kernel, ['k', 'q'], into, here, (first) => ({
    load: (lane, index) => ir.sharedLoad(keys, ir.add(ir.mul(first, keyStride), index, lane * keyStride)),
  }))
}

function oneSided(
  k: Author,
  term: Term,
  [vector, other]: readonly ['q', 'k'] | readonly ['k', 'q'],
  into: { readonly array: SharedArray; readonly most: number },
  count: Value,
  rowsFrom: (first: Value) => Pick<Row, 'load' | 'loadLanes'>,
): void {
  const wanted = seeingOnly(term, vector, other)
  if (wanted.length === 0) return
  k.strided(`${vector}Row`, 0, count, lanes, (first) => {
    const { statements, reduced } = reduceRows(expressionsOf({ term }), {
      items: 1,
      // The other side is never asked for: what sees it is left out.
      rows: {
        [vector]: { extent: 'lanes', ...rowsFrom(first) },
        [other]: { extent: 'items', load: () => ir.f32(0) },
      },
      scalars: {},
      prefix: `${vector}Alone`,
    })
    k.use(statements)
    wanted.forEach((key, which) => {
      const value = reduced.get(key)?.(0)
      invariant(value !== undefined, 'what sees one row alone has been reduced')
      k.sharedStore(into.array, ir.add(first, which * into.most), widen(value))
    })
  })
}

/** What `querySums` and `keySums` have left, for four rows of queries as lanes and four keys as items. */
export function knownSums({ pass, scratch }: Online, firstRow: Value, firstKey: Value): Reduced {
  const { kernel, tile } = pass
  const ofQueries = seeingOnly(kernel, 'q', 'k').map(
    (key, which) =>
      [key, () => ir.sharedLoadFour(scratch.querySums, ir.add(firstRow, which * tile.rows))] as const,
  )
  const ofKeys = seeingOnly(kernel, 'k', 'q').map(
    (key, which) =>
      [
        key,
        (item: number) => ir.sharedLoad(scratch.keySums, ir.add(firstKey, which * tile.steps + item)),
      ] as const,
  )
  return new Map([...ofQueries, ...ofKeys])
}
