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
import { lanes, range, rowGroup } from './tile.ts'
import type { Columns } from './tile.ts'

/** Beyond this a power of two is not finite in f32. */
const largestExponent = 126

export interface Readout {
  readonly pass: FinishPass | OnlinePass
  readonly valueDim: number
  readonly columns: Columns
  readonly sums: Extract<Statement, { kind: 'registers' }>
  /** vec4f: the rows' denominators so far. */
  readonly total: Value
  /** vec4f: the rows' log-scales, where sums are scaled. */
  readonly scale?: Value
  readonly out: Binding
  readonly firstRow: Value
  /** How many rows there are; those of a query head unless it is said otherwise. */
  readonly rows?: Value
  /** Index of the first of them in `out`, in rows. */
  readonly firstOut?: Value
  /** Statements that add to the quotients, which are in `sums` while they run. */
  readonly added?: Body
}

export function readout(from: Readout): Body {
  const { sums, columns } = from
  const factorOf = (lane: 0 | 1 | 2 | 3): Value | undefined =>
    rowFactor(from.pass, ir.lane(from.total, lane), from.scale && ir.lane(from.scale, lane))
  const [a, b, c, d] = [factorOf(0), factorOf(1), factorOf(2), factorOf(3)]
  const named =
    a === undefined || b === undefined || c === undefined || d === undefined
      ? undefined
      : ir.let_('factor', ir.vec4(a, b, c, d))
  const quotient = (index: number): Value =>
    named === undefined ? ir.register(sums, index) : ir.mul(ir.register(sums, index), ir.ref(named))
  const first = from.firstOut ?? firstQueryRow
  const rows = { ...from, rows: from.rows ?? ir.shape('length') }
  const startOf = (row: Value): Value => ir.mul(ir.add(first, row), from.valueDim)
  if (from.added === undefined) return [named ?? [], storeRows(rows, startOf, quotient)]
  return [
    named ?? [],
    range(columns.count).map((index) => ir.assign(ir.register(sums, index), quotient(index))),
    from.added,
    storeRows(rows, startOf, (index) => ir.register(sums, index)),
  ]
}

/**
 * Stores a thread's four rows where they exist: of each the value columns, and
 * whatever else `more` says is to be stored with it.
 *
 * @param startOf index in `out` of a row's first number
 * @param value vec4f of the four rows, for a register of the columns
 */
export function storeRows(
  { columns, firstRow, rows, out }: Pick<Readout, 'columns' | 'firstRow' | 'out'> & { readonly rows: Value },
  startOf: (row: Value) => Value,
  value: (index: number) => Value,
  more: (start: Value, lane: 0 | 1 | 2 | 3) => Body = () => [],
): Body {
  return ([0, 1, 2, 3] as const).map((lane) => {
    const row = ir.let_(`row${lane}`, ir.add(firstRow, ir.mul(rowGroup, lanes), lane))
    const start = ir.let_(`out${lane}`, startOf(ir.ref(row)))
    return [
      row,
      ir.if_(ir.lt(ir.ref(row), rows), [
        start,
        range(columns.count).map((index) =>
          columns.guard(index, (column) =>
            ir.store(out, ir.add(ir.ref(start), column), ir.lane(value(index), lane)),
          ),
        ),
        more(ir.ref(start), lane),
      ]),
    ]
  })
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
  const epsilon = scale === undefined ? ir.f32(pass.epsilon) : ir.mul(power(ir.neg(scale)), pass.epsilon)
  const denominator = pass.epsilon === 0 ? total : ir.add(total, epsilon)
  const safe = ir.select(ir.eq(denominator, 0), 1, denominator)
  return ir.select(ir.eq(denominator, 0), 0, ir.div(ir.f32(1), safe))
}
