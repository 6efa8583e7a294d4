/**
 * The last step of a row: its sum over its denominator, stored.
 *
 * Sums carry the factor 2^−scale; it cancels in the quotient but for ε, and is
 * undone where nothing is divided. A row that has seen no key, or whose weights
 * add up to nothing, is zero.
 */
import type { FinishPass, OnlinePass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { Binding, Statement, Value } from '../kernel.ts'
import { firstQueryRow } from './frame.ts'
import { lanes, range, rowVector } from './tile.ts'
import type { Columns } from './tile.ts'

/** Beyond this a power of two is not finite in f32. */
const largestExponent = 126
/** A plain denominator below this may be missing digits: each of its terms may have lost what is below 2^−126. */
const leastWhole = 2 ** -60

/** Whether a row has lost no digits, by its plain sum of weights, none of which is negative; else it is left to be mended. */
export const isWhole = ({ epsilon }: Pick<FinishPass, 'epsilon'>, total: Value): Value =>
  ir.ge(epsilon === 0 ? total : ir.add(total, epsilon), leastWhole)

/** The sums, denominators and scales of a thread's rows, and the buffer that receives the quotients. */
export interface Readout {
  readonly pass: FinishPass | OnlinePass
  readonly valueDim: number
  readonly columns: Columns
  readonly sums: Extract<Statement, { kind: 'registers' }>
  /** The rows' denominators so far: a vec4f for each four of a thread's rows. */
  readonly totals: readonly Value[]
  /** Their log-scales likewise, where sums are scaled. */
  readonly scales?: readonly Value[]
  readonly out: Binding
  readonly firstRow: Value
  /** How many rows exist; by default those of a query head. */
  readonly rows?: Value
  /** Index of the first of them in `out`, in rows. */
  readonly firstOut?: Value
  /** Statements that add to the quotients, which are in `sums` while they run. */
  readonly added?: Body
}

/** Divides the sums of a thread's rows by their denominators and stores the rows that exist. */
export function readout(from: Readout): Body {
  const { sums, columns } = from
  const mended = 'mended' in from.pass && from.pass.mended !== undefined
  const { epsilon } = from.pass
  const factors = from.totals.map((total, vector) => {
    const word = from.totals.length === 1 ? 'factor' : `factor${vector}`
    if (mended) {
      // Less than what is whole is that of a row which is not stored.
      const denominator = epsilon === 0 ? total : ir.add(total, ir.splat(epsilon))
      return ir.let_(word, ir.div(ir.splat(1), ir.call('max', denominator, ir.splat(leastWhole))))
    }
    const scale = from.scales?.[vector]
    const factorOf = (lane: 0 | 1 | 2 | 3): Value | undefined =>
      rowFactor(from.pass, ir.lane(total, lane), scale && ir.lane(scale, lane))
    const [a, b, c, d] = [factorOf(0), factorOf(1), factorOf(2), factorOf(3)]
    return a === undefined || b === undefined || c === undefined || d === undefined
      ? undefined
      : ir.let_(word, ir.vec4(a, b, c, d))
  })
  const named = factors.filter((factor) => factor !== undefined)
  const quotient = (index: number): Value => {
    const factor = factors[Math.floor(index / columns.count)]
    return factor === undefined ? ir.register(sums, index) : ir.mul(ir.register(sums, index), ir.ref(factor))
  }
  const first = from.firstOut ?? firstQueryRow
  const rows = {
    ...from,
    rows: from.rows ?? ir.shape('length'),
    vectors: from.totals.length,
    ...(mended && {
      only: (vector: number, lane: 0 | 1 | 2 | 3): Value =>
        isWhole(from.pass, ir.lane(from.totals[vector] ?? ir.splat(0), lane)),
    }),
  }
  const startOf = (row: Value): Value => ir.mul(ir.add(first, row), from.valueDim)
  if (from.added === undefined) return [named, storeRows(rows, startOf, quotient)]
  return [
    named,
    range(sums.count).map((index) => ir.assign(ir.register(sums, index), quotient(index))),
    from.added,
    storeRows(rows, startOf, (index) => ir.register(sums, index)),
  ]
}

/** The rows that `storeRows` stores: the thread's rows below `rows`, counted from `firstRow`. */
export interface StoredRows extends Pick<Readout, 'columns' | 'firstRow' | 'out'> {
  readonly rows: Value
  /** How many vec4 row groups a thread has; by default one. */
  readonly vectors?: number
  /** Restricts the stored rows further; by default every row that exists is stored. */
  readonly only?: (vector: number, lane: 0 | 1 | 2 | 3) => Value
}

/**
 * Stores a thread's rows where they exist: of each the value columns, and
 * whatever else `more` says is to be stored with it.
 *
 * @param startOf index in `out` of a row's first number
 * @param value vec4f of four rows, for a register: those of the first four rows' columns, then the next
 */
export function storeRows(
  { columns, firstRow, rows, out, vectors = 1, only }: StoredRows,
  startOf: (row: Value) => Value,
  value: (index: number) => Value,
  more: (start: Value, lane: 0 | 1 | 2 | 3) => Body = () => [],
): Body {
  const storeRow = (vector: number, lane: 0 | 1 | 2 | 3): Body => {
    const which = vector * lanes + lane
    const row = ir.let_(`row${which}`, ir.add(firstRow, ir.mul(rowVector(vector, vectors), lanes), lane))
    const start = ir.let_(`out${which}`, startOf(ir.ref(row)))
    const there = ir.lt(ir.ref(row), rows)
    return [
      row,
      ir.if_(only === undefined ? there : ir.and(there, only(vector, lane)), [
        start,
        range(columns.count).map((index) =>
          columns.guard(index, (column) =>
            ir.store(
              out,
              ir.add(ir.ref(start), column),
              ir.lane(value(vector * columns.count + index), lane),
            ),
          ),
        ),
        more(ir.ref(start), lane),
      ]),
    ]
  }
  return range(vectors).map((vector) => ([0, 1, 2, 3] as const).map((lane) => storeRow(vector, lane)))
}

/**
 * What a row's sum is multiplied by, given its denominator and its log-scale
 * (both f32); nothing where the sum is the result already.
 */
export function rowFactor(
  pass: Pick<FinishPass, 'normalize' | 'epsilon'>,
  total: Value,
  scale: Value | undefined,
): Value | undefined {
  const power = (exponent: Value): Value => ir.call('exp2', ir.call('min', exponent, largestExponent))
  if (pass.normalize === 'none') return scale === undefined ? undefined : power(scale)
  // In the exponent: beside sums that are over next to nothing a small ε is more than f32 holds.
  const epsilon =
    scale === undefined || pass.epsilon === 0
      ? ir.f32(pass.epsilon)
      : power(ir.sub(Math.log2(pass.epsilon), scale))
  const denominator = pass.epsilon === 0 ? total : ir.add(total, epsilon)
  const safe = ir.select(ir.eq(denominator, 0), 1, denominator)
  return ir.select(ir.eq(denominator, 0), 0, ir.div(ir.f32(1), safe))
}
