/** Products of matrices, as equations. */
import {
  add,
  bufferLength,
  div,
  eq,
  load,
  mul,
  named,
  real,
  select,
  size,
  sub,
  sum,
  x,
  y,
  z,
} from '../equation/build.ts'
import { countRows, entryOf, rowOf, headAt } from '../equation/heads.ts'
import type { EquationPass, Formula } from '../equation.ts'
import type { Rows } from '../schedule.ts'
import { equationPass } from '../equation/plan.ts'
import { headsOf } from '../planner.ts'
import type { Matrix, Product } from '../planner.ts'

/** out[row, column] = factor · Σ_j left[row, j] · right[j, column]. */
export function productPass(from: Product): EquationPass {
  const { left, right, columns, diagonal, factor = 1 } = from
  const head = headAt('kvHeads', from.over, z, { lengths: right.count === 'visible' })
  const rowLength = named('rowLength', lengthOfRows(left, right))
  const start = mul(rowOf(left, head, y), rowLength)
  const entries = sum('j', countRows(right, head), (j) => {
    const other = load(right.buffer, entryOf(right, head, j, columns, x))
    const taken = diagonal === undefined ? other : sub(select(eq(j, x), real(diagonal), 0), other)
    return mul(load(left.buffer, add(start, j)), taken)
  })
  return equationPass({
    name: from.name,
    extent: [columns, left.count, headsOf(from.over)],
    value: factor === 1 ? entries : mul(entries, factor),
    out: from.out.buffer,
    what: from.what,
  })
}

/**
 * As many entries as the right matrix has rows. Rows of weights are as long as they come, and the first entries are
 * used: a whole quotient, of numbers that a float may hold only nearly, so that it is rounded to the nearest.
 */
export function lengthOfRows(left: Matrix, right: Rows): Formula {
  if (typeof right.count === 'number') return size(right.count)
  const rowsOfAll = mul(size('heads'), left.count)
  return div(add(bufferLength(left.buffer), div(rowsOfAll, 2)), rowsOfAll)
}
