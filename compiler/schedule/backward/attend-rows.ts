/** The rows of the adjoint of exact attention: those of the call, with what gradients need of them behind their entries. */
import {
  add,
  choose,
  eq,
  finitePower,
  inverse,
  load,
  lt,
  mul,
  named,
  real,
  select,
  size,
  sub,
  sum,
  withScale,
  x,
  y,
  z,
} from '../equation/build.ts'
import { besideAt } from '../beside.ts'
import { binaryDenominator, denominator } from '../division.ts'
import { entryOf, headAt } from '../equation/heads.ts'
import { roomFor } from '../operands.ts'
import { writing } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { headsOf } from '../planner.ts'
import type { Attend, Plan, RowSums } from '../planner.ts'
import { headOf, ownersOf } from './attend-plan.ts'
import type { Plans } from './attend-plan.ts'

/** 1 over the row's denominator, or the exponential of its scale. */
function factorOf(plans: Plans): Formula | undefined {
  const { attend, sums } = plans
  const { columns, division } = attend
  const scale = sums.scaled ? sumAt(sums, attend, columns + 1) : undefined
  const total = sumAt(sums, attend, columns)
  const inUnits = sums.unit === 1
  if (division.kind === 'none') return scale && finitePower(inUnits ? scale : mul(scale, real(sums.unit)))
  const beside = besideAt(attend.beside, headOf(plans))
  return inverse((inUnits ? denominator : binaryDenominator)(total, division, scale, beside))
}

/** A number of the sums of the row (y, z). */
function sumAt({ buffer, scaled }: RowSums, { columns, queries }: Attend, column: number | Formula): Formula {
  const numbers = columns + (scaled ? 2 : 1)
  return load(buffer, add(mul(add(mul(z, size(roomFor(queries.count))), y), numbers), column))
}

/** An entry of a row, as forward gives it. */
export function resultOf(plans: Plans): Formula {
  const { sums, attend } = plans
  const factor = factorOf(plans)
  const total = sumAt(sums, attend, x)
  return factor === undefined ? total : mul(total, named('factor', factor))
}

/** Cotangents over the rows' denominators. */
export function cotangentPass(plans: Plans): Plan {
  const { attend, cotangent, cotangents } = plans
  const { name, columns, over } = attend
  const factor = factorOf(plans)
  const given = cotangent(headOf(plans), y, x)
  const extent = [columns, roomFor(cotangents.count), headsOf(over)] as const
  return writing(
    {
      name: `${name}_cotangents`,
      extent,
      value: factor === undefined ? given : mul(given, named('factor', factor)),
      out: cotangents.buffer,
      what: 'the gradient of each row over its denominator',
    },
    `per head and row: [${columns}]`,
  )
}

/** Query rows, their cotangents, those of their denominators, and their scales. */
export function queryRowsPass(plans: Plans): Plan {
  const { attend, sums, queryRows, cotangents, width } = plans
  const { name, attention, columns, queries, division, over } = attend
  const { dim } = attention
  const head = headOf(plans)
  const cotangent = (column: Formula): Formula =>
    load(cotangents.buffer, entryOf(cotangents, head, y, columns, column))
  const factor = factorOf(plans)
  const ofDenominator =
    division.kind === 'none' || factor === undefined
      ? real(0)
      : mul(
          sub(
            0,
            sum('t', columns, (t) => mul(cotangent(t), sumAt(sums, attend, t))),
          ),
          factor,
        )
  const scale = sums.scaled ? withScale(sumAt(sums, attend, columns + 1), sums.unit) : real(0)
  const extent = [width, roomFor(queryRows.count), headsOf(over)] as const
  return writing(
    {
      name: `${name}_query_rows`,
      extent,
      value: choose(
        lt(x, dim),
        load(queries.buffer, entryOf(queries, head, y, dim, x)),
        choose(
          lt(x, dim + columns),
          cotangent(sub(x, dim)),
          choose(eq(x, dim + columns), ofDenominator, scale),
        ),
      ),
      out: queryRows.buffer,
      what: 'each query row, the gradients of its numerators and of its denominator, and its scale',
    },
    `per head and row: [${width}]`,
  )
}

/** Key rows, and their values behind them. */
export function keyRowsPass({ attend, keyRows, width }: Plans): Plan {
  const { name, attention, columns, keys, values } = attend
  const { dim } = attention
  const over = ownersOf(keyRows)
  const head = headAt('kvHeads', over, z)
  const column = sub(x, dim)
  const value =
    values === undefined
      ? select(eq(column, y), real(1), 0)
      : load(values.buffer, entryOf(values, head, y, columns, column))
  const extent = [width, roomFor(keyRows.count), headsOf(over)] as const
  return writing(
    {
      name: `${name}_key_rows`,
      extent,
      value: choose(
        lt(x, dim),
        load(keys.buffer, entryOf(keys, head, y, dim, x)),
        choose(lt(x, dim + columns), value, 0),
      ),
      out: keyRows.buffer,
      what: 'each key row, and its value behind it',
    },
    `per head and row: [${width}]`,
  )
}
