/**
 * The last step of a row: its sum over its denominator, stored.
 *
 * Sums carry the factor 2^−scale; it cancels in the quotient but for ε, and is
 * undone where nothing is divided. A row that has seen no key, or whose weights
 * add up to nothing, is zero.
 */
import { addedToSum, leastWhole } from '../../schedule/schedule.ts'
import type { FinishPass, OnlinePass } from '../../schedule/schedule.ts'
import { largestExponent } from '../../symbolic/single.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Binding, Target, Value } from '../kernel.ts'
import { rowStart } from './row-places.ts'
import type { RowPlaces } from './row-places.ts'
import { fourLanes, lanes, rowVector } from './tile.ts'
import type { Columns, Lane } from './tile.ts'

/** Whether a row has lost no digits, by its plain sum of weights, none of which is negative; else it is left to be mended. */
export function isWhole({ division }: Divided, total: Value): Value {
  const added = addedToSum(division)
  return ir.ge(added === 0 ? total : ir.add(total, added), leastWhole)
}

/** A pass whose rows are divided by their sums of weights, or are not. */
type Divided = Pick<FinishPass, 'division'>

/** What four rows that have lost no digits are multiplied by; a smaller denominator is that of a row to be mended. */
export function wholeFactor({ division }: Divided, total: Value): Value {
  const added = addedToSum(division)
  const denominator = added === 0 ? total : ir.add(total, ir.splat(added))
  return ir.div(ir.splat(1), ir.call('max', denominator, ir.splat(leastWhole)))
}

/** The sums, denominators and scales of a thread's rows, and the buffer that receives the quotients. */
export interface Readout {
  readonly pass: FinishPass | OnlinePass
  readonly columns: Columns
  /** Of each vec4 row group: its denominator, its sums by column, and its log-scale where sums are scaled. */
  readonly groups: readonly RowGroup[]
  readonly out: Binding
  readonly firstRow: Value
  /** How many rows exist; by default those of a query head. */
  readonly rows?: Value
  /** Where they begin in `out`, in units of the columns. */
  readonly places: RowPlaces
  /** Adds to the quotients, which are in the registers of the sums while it runs. */
  readonly addTo?: (k: Author) => void
}

/** A vec4 row group as a thread holds it. */
export interface RowGroup {
  readonly sums: readonly Target[]
  readonly total: Value
  readonly scale?: Value | undefined
}

/** Divides the sums of a thread's rows by their denominators and stores the rows that exist. */
export function readout(k: Author, from: Readout): void {
  const { pass, groups, columns, out, firstRow, addTo } = from
  const mended = 'mended' in pass && pass.mended !== undefined
  const quotients = groups.map((group, vector) => {
    const factor = groupFactor(pass, group, mended)
    const name = factor && k.let(groups.length === 1 ? 'factor' : `factor${vector}`, factor)
    return group.sums.map((sum) => (name === undefined ? sum : ir.mul(sum, name)))
  })
  if (addTo !== undefined) {
    groups.forEach(({ sums }, vector) =>
      sums.forEach((sum, column) => k.set(sum, quotients[vector]?.[column] ?? sum)),
    )
    addTo(k)
  }
  storeRows(k, {
    columns,
    out,
    firstRow,
    rows: from.rows ?? ir.shape('length'),
    startOf: (row) => rowStart(from.places, row),
    groups: addTo === undefined ? quotients : groups.map(({ sums }) => sums),
    ...(mended && {
      only: (vector: number, lane: Lane): Value =>
        isWhole(pass, ir.lane(groups[vector]?.total ?? ir.splat(0), lane)),
    }),
  })
}

/** What the sums of a row group are multiplied by (vec4f); nothing where they are the result already. */
function groupFactor(pass: Readout['pass'], { total, scale }: RowGroup, mended: boolean): Value | undefined {
  if (mended) return wholeFactor(pass, total)
  const factors = fourLanes.map((lane) =>
    rowFactor(pass, ir.lane(total, lane), scale && ir.lane(scale, lane)),
  )
  const [a, b, c, d] = factors
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined
  return ir.vec4(a, b, c, d)
}

/** The rows that `storeRows` stores: the thread's rows below `rows`, counted from `firstRow`. */
export interface StoredRows extends Pick<Readout, 'columns' | 'firstRow' | 'out'> {
  readonly rows: Value
  /** Index in `out` of a row's first number, in units of the columns unless there is more than these. */
  readonly startOf: (row: Value) => Value
  /** Of each vec4 row group: a vec4f of its four rows for each column. */
  readonly groups: readonly (readonly Value[])[]
  /** Stores more of a row, behind its columns. */
  readonly more?: (start: Value, lane: Lane, vector: number) => void
  /** Restricts the stored rows further; by default every row that exists is stored. */
  readonly only?: (vector: number, lane: Lane) => Value
}

/** Stores the columns of a thread's rows, and whatever `more` stores beside them, where the rows exist. */
export function storeRows(k: Author, stored: StoredRows): void {
  const { columns, firstRow, rows, out, startOf, groups, more, only } = stored
  groups.forEach((group, vector) => {
    for (const lane of fourLanes) {
      const which = vector * lanes + lane
      const first = ir.mul(rowVector(vector, groups.length), lanes)
      const row = k.let(`row${which}`, ir.add(firstRow, first, lane))
      const exists = ir.lt(row, rows)
      k.if(only === undefined ? exists : ir.and(exists, only(vector, lane)), () => {
        const start = k.let(`out${which}`, startOf(row))
        const values = group.map((value) => ir.lane(value, lane))
        if (more === undefined) return columns.store(k, out, start, values)
        values.forEach((value, register) =>
          columns.guard(k, register, (column) => k.store(out, ir.add(start, column), value)),
        )
        more(start, lane, vector)
      })
    }
  })
}

/**
 * What a row's sum is multiplied by, given its denominator and its log-scale
 * (both f32); nothing where the sum is the result already.
 */
export function rowFactor(pass: Divided, total: Value, scale: Value | undefined): Value | undefined {
  const power = (exponent: Value): Value => ir.call('exp2', ir.call('min', exponent, largestExponent))
  if (pass.division.kind === 'none') return scale === undefined ? undefined : power(scale)
  // In the exponent: beside sums that are over next to nothing a small ε is more than f32 holds.
  const added = addedToSum(pass.division)
  const overScale =
    scale === undefined || added === 0 ? ir.f32(added) : power(ir.sub(Math.log2(added), scale))
  const denominator = added === 0 ? total : ir.add(total, overScale)
  const safe = ir.select(ir.eq(denominator, 0), 1, denominator)
  return ir.select(ir.eq(denominator, 0), 0, ir.div(ir.f32(1), safe))
}
