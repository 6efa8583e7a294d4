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
  return [
    named ?? [],
    ([0, 1, 2, 3] as const).map((lane) => {
      const row = ir.let_(`row${lane}`, ir.add(from.firstRow, ir.mul(rowGroup, lanes), lane))
      const start = ir.mul(ir.add(firstQueryRow, ir.ref(row)), from.valueDim)
      return [
        row,
        ir.if_(
          ir.lt(ir.ref(row), ir.shape('length')),
          range(columns.count).map((index) =>
            columns.guard(index, (column) => {
              const sum = ir.lane(ir.register(sums, index), lane)
              const value = named === undefined ? sum : ir.mul(sum, ir.lane(ir.ref(named), lane))
              return ir.store(from.out, ir.add(start, column), value)
            }),
          ),
        ),
      ]
    }),
  ]
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
