/**
 * The sums and maxima over entries that φ of a token's key and query have, for a tile of components: neighbouring
 * threads read neighbouring entries of the projections, each of which serves both rows, and what they have summed is
 * put together in workgroup memory.
 */
import { entriesApart } from '../../schedule/schedule.ts'
import { mentions } from '../../symbolic/traverse.ts'
import type { Expression, Reduce } from '../../symbolic/expression.ts'
import type { Author, Name } from '../author.ts'
import * as ir from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import { entrySums, termAt } from './entry-sums.ts'
import { widen } from './operators.ts'
import type { Reduced } from './pairs.ts'
import { inLanes, lanes, nth, range } from './tile.ts'

/** Entries that a thread waits for together. */
const entriesAtOnce = 8
/** Sums of components that are in workgroup memory at a time. */
const sumsAtOnce = 2
/** From the sums of four components to the next: an odd number, so that nobody meets a bank twice. */
const stride = entriesApart + 1

/** Workgroup memory for what threads sum over their entries, of so many components and of the row alone. */
export interface ProductArrays {
  readonly components: SharedArray
  readonly row: SharedArray
}

/** Sums of a row alone that a pass may have. */
const mostOfRow = 8

/** The arrays of tiles of so many components. */
export const productArrays = (width: number): ProductArrays => ({
  components: { name: 'products', element: 'vec4f', length: (sumsAtOnce * stride * width) / lanes },
  row: { name: 'rowProducts', element: 'f32', length: mostOfRow * entriesApart },
})

/** One of the token's rows. */
export interface TokenRow {
  readonly side: 'key' | 'query'
  readonly buffer: Binding
  /** Index of the row in the buffer. */
  readonly row: Value
  /** Those of φ. */
  readonly expressions: readonly Expression[]
}

/** A tile of components, and what a thread has of it. */
export interface ProductTile {
  readonly threads: number
  /** Components of a whole tile. */
  readonly width: number
  /** Entries of a row. */
  readonly dim: number
  readonly projection: Binding
  /** Component in a lane of a group of four of the tile, within the block. */
  readonly componentAt: (four: Value, lane: number) => Value
}

/** A sum or maximum of a row, in a register. */
interface Sum {
  readonly row: TokenRow
  readonly key: string
  readonly reduce: Reduce
  /** A vec4f of four components, or an f32 where it sees the row alone. */
  readonly register: Name
  readonly ofComponents: boolean
}

/**
 * Computes them, and returns for each row what `features.ts` takes as known: in the thread of each group of four
 * components, whose number is that of the group.
 */
export function tokenProducts(
  k: Author,
  tile: ProductTile,
  arrays: ProductArrays,
  rows: readonly TokenRow[],
): ReadonlyMap<TokenRow['side'], Reduced> {
  const sums = rows.flatMap((row) => {
    const { sums, length } = entrySums(row.expressions, tile.dim, ['w', 'x'])
    return length < tile.dim
      ? []
      : [...sums].map(([key, reduce], which) => declare(k, row, key, reduce, which))
  })
  addEntries(k, tile, rows, sums)
  putTogether(k, tile, arrays, sums)
  return new Map(
    rows.map((row) => [
      row.side,
      new Map(sums.filter((sum) => sum.row === row).map(({ key, register }) => [key, () => register])),
    ]),
  )
}

function declare(k: Author, row: TokenRow, key: string, reduce: Reduce, which: number): Sum {
  const ofComponents = mentions(reduce, 'w')
  const initial = ir.f32(initialOf(reduce))
  const register = k.var(`${row.side}Sum${which}`, ofComponents ? ir.splat(initial) : initial)
  return { row, key, reduce, register, ofComponents }
}

const initialOf = ({ operator }: Reduce): number => (operator === 'sum' ? 0 : lowest)

/** Each thread takes in every so-manieth entry of four components. */
function addEntries(k: Author, tile: ProductTile, rows: readonly TokenRow[], sums: readonly Sum[]): void {
  const { dim, threads, width, projection, componentAt } = tile
  const part = k.let('part', ir.mod(ir.thread, entriesApart))
  const own = ir.div(ir.thread, entriesApart)
  const fours = width / lanes
  const four = k.let('four', threads > fours * entriesApart ? ir.call('min', own, fours - 1) : own)
  const starts = range(lanes).map((lane) => k.let(`w${lane}`, ir.mul(componentAt(four, lane), dim)))
  const rowStarts = rows.map(({ side, row }) => k.let(`${side}Entries`, ir.mul(row, dim)))
  const rounds = Math.ceil(dim / entriesApart)
  const atOnce = Math.min(entriesAtOnce, rounds)
  const isWhole = rounds % atOnce === 0 && dim % entriesApart === 0
  k.strided('entry', part, dim, atOnce * entriesApart, (first) => {
    const entries = range(atOnce).map((more) => {
      const entry = ir.add(first, more * entriesApart)
      const at = isWhole ? entry : k.let(`entry${more}`, ir.call('min', entry, dim - 1))
      return {
        entry,
        at,
        w: k.let(
          `projections${more}`,
          inLanes((lane) => ir.load(projection, ir.add(nth(starts, lane), at))),
        ),
        x: rows.map(({ side, buffer }, which) =>
          k.let(`${side}${more}`, ir.load(buffer, ir.add(nth(rowStarts, which), at))),
        ),
      }
    })
    for (const { entry, at, w, x } of entries)
      k.guard(isWhole ? ir.bool(true) : ir.lt(entry, dim), () => {
        for (const sum of sums) {
          const term = termAt(sum.reduce.body, at, (name) =>
            name === 'w' ? w : nth(x, rows.indexOf(sum.row)),
          )
          takeIn(k, sum, sum.ofComponents ? widen(term) : term)
        }
      })
  })
}

function takeIn(k: Author, { register, reduce }: Pick<Sum, 'register' | 'reduce'>, value: Value): void {
  if (reduce.operator === 'sum') k.add(register, value)
  else k.set(register, ir.call('max', register, value))
}

/** Leaves the sums over all entries in the registers of the threads that finish φ, a few sums at a time. */
function putTogether(
  k: Author,
  { threads, width }: ProductTile,
  arrays: ProductArrays,
  sums: readonly Sum[],
): void {
  const fours = width / lanes
  const [part, four] = [ir.mod(ir.thread, entriesApart), ir.div(ir.thread, entriesApart)]
  const hasShare = threads > fours * entriesApart ? ir.lt(four, fours) : ir.bool(true)
  const wide = sums.filter(({ ofComponents }) => ofComponents)
  const narrow = sums.filter(({ ofComponents }) => !ofComponents)
  const rounds = Math.max(1, Math.ceil(wide.length / sumsAtOnce), Math.ceil(narrow.length / mostOfRow))
  for (const round of range(rounds)) {
    const some = wide.slice(round * sumsAtOnce, (round + 1) * sumsAtOnce)
    const ofRow = narrow.slice(round * mostOfRow, (round + 1) * mostOfRow)
    if (round > 0) k.barrier()
    k.guard(hasShare, () =>
      some.forEach(({ register }, which) =>
        k.sharedStore(arrays.components, placeOf(fours, which, four, part), register),
      ),
    )
    if (ofRow.length > 0)
      k.if(ir.eq(four, 0), () =>
        ofRow.forEach(({ register }, which) =>
          k.sharedStore(arrays.row, ir.add(which * entriesApart, part), register),
        ),
      )
    k.barrier()
    k.if(ir.lt(ir.thread, fours), () => {
      const collect = (sum: Sum, at: (part: number) => Value): void => {
        k.set(sum.register, at(0))
        for (const other of range(entriesApart).slice(1)) takeIn(k, sum, at(other))
      }
      some.forEach((sum, which) =>
        collect(sum, (other) =>
          ir.sharedLoad(arrays.components, placeOf(fours, which, ir.thread, ir.u32(other))),
        ),
      )
      ofRow.forEach((sum, which) =>
        collect(sum, (other) => ir.sharedLoad(arrays.row, which * entriesApart + other)),
      )
    })
  }
}

const placeOf = (fours: number, which: number, four: Value, part: Value): Value =>
  ir.add(ir.mul(four, stride), part, which * fours * stride)
