/**
 * Sums and maxima of a kernel's expression over a query alone, or over a key alone. They are computed once for each
 * row of a tile and kept in scratch, four rows at a time, with which the expression meets every row of the other side.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Term } from '../../schedule/schedule.ts'
import type { Expression, Reduce } from '../../symbolic/expression.ts'
import { print } from '../../symbolic/print.ts'
import { children, mentions } from '../../symbolic/traverse.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { expressionsOf } from '../lower/features.ts'
import { widen } from '../lower/operators.ts'
import { reduceRows } from '../lower/pairs.ts'
import type { Reduced, Row } from '../lower/pairs.ts'
import { lanes } from '../lower/tile.ts'
import type { Online } from './online-scratch.ts'
import { tileColumns } from './tile-product.ts'

/** Every sum and maximum in the expressions, each once, by its printed form. */
export function reductionsIn(expressions: readonly Expression[]): ReadonlyMap<string, Reduce> {
  const found = new Map<string, Reduce>()
  const visit = (expression: Expression): void => {
    children(expression).forEach(visit)
    if (expression.kind === 'reduce') found.set(print(expression), expression)
  }
  expressions.forEach(visit)
  return found
}

/** Those that see this vector and not the other, in order. */
const seeingOnly = (term: Term, vector: 'q' | 'k', other: 'q' | 'k'): readonly string[] =>
  [...reductionsIn(expressionsOf({ term }))]
    .filter(([, reduce]) => mentions(reduce, vector) && !mentions(reduce, other))
    .map(([key]) => key)

/** How many there are of each. */
export const oneSidedSums = (term: Term): { readonly ofQueries: number; readonly ofKeys: number } => ({
  ofQueries: seeingOnly(term, 'q', 'k').length,
  ofKeys: seeingOnly(term, 'k', 'q').length,
})

/** Computes those of the tile's queries. */
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

/** Computes those of the keys of a tile, of which so many are there. */
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
