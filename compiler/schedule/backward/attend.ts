/**
 * The adjoint of exact attention, which is exact attention again. With g_i the cotangent of a row, D_i its denominator
 * and o_i its result,
 *
 *     dv_j = Σ_i w_ij g_i / D_i
 *     dq_i = Σ_j c_ij ∂κ(q_i, k_j)/∂q_i,     c_ij = (g_i · v_j − g_i · o_i) / D_i
 *
 * and dk_j likewise, by queries. So each is an attention without division between rows that have more entries: a query
 * row has its cotangent, that of its denominator and its scale behind it, and a key row its value. Nothing is kept of
 * pairs, and the exponent of a pair is at most that of its row.
 */
import type { ScaledTerm } from '../../algebra/attention.ts'
import type { Plan } from '../planner.ts'
import { scaleRows } from '../terms.ts'
import type { Adjoint } from './adjoint.ts'
import { byWeight, pairSlopes } from './pair-slopes.ts'
import { finest, roomCount } from './attend-plan.ts'
import type { AttendAdjoint, Plans } from './attend-plan.ts'
import { cotangentPass, queryRowsPass, keyRowsPass, resultOf } from './attend-rows.ts'
import { slopePasses, valuePasses } from './attend-slopes.ts'

/** The adjoint; undefined where ∂κ is no sum of products of functions of one row each. */
export function adjointOfAttend(from: AttendAdjoint): Adjoint | undefined {
  const { attend, planner } = from
  const { attention, name, columns, queries, keys, over } = attend
  const kernel = withUnscaledRows(attend.kernel, attention.scale)
  const apart = kernel.exponent !== undefined && attention.stabilize.kind === 'auto'
  const [ofQueries, ofKeys] = [pairSlopes(kernel, apart, 'q'), pairSlopes(kernel, apart, 'k')]
  if (ofQueries === undefined || ofKeys === undefined) return undefined
  const sums = planner.sums({ ...attend, name: `${name}_again` })
  const owner = over === 'head' ? 'head' : 'sliceQueryHead'
  const plans: Plans = {
    ...from,
    kernel,
    apart,
    sums,
    queryRows: { buffer: `${name}QueryRows`, of: owner, count: roomCount(queries) },
    keyRows: {
      buffer: `${name}KeyRows`,
      of: finest(keys, attend.values),
      count: keys.count === 'visible' ? 'visible' : roomCount(keys),
    },
    cotangents: { buffer: `${name}Cotangents`, of: owner, count: roomCount(queries) },
    width: attention.dim + columns + (sums.scaled ? 2 : 1),
  }
  const parts: readonly (Plan & Partial<Adjoint>)[] = [
    cotangentPass(plans),
    queryRowsPass(plans),
    keyRowsPass(plans),
    ...byWeight(ofQueries).map((group, n) => slopePasses(plans, group, 'q', n)),
    ...byWeight(ofKeys).map((group, n) => slopePasses(plans, group, 'k', n)),
    ...(attend.values === undefined ? [] : [valuePasses(plans)]),
  ]
  return {
    passes: [...sums.passes, ...parts.flatMap(({ passes }) => passes)],
    buffers: [...sums.buffers, ...parts.flatMap(({ buffers }) => buffers)],
    contributions: parts.flatMap(({ contributions = [] }) => contributions),
    result: resultOf(plans),
  }
}

/** κ of rows as the caller gives them. */
export function withUnscaledRows(
  { value, coefficient, exponent, sign }: ScaledTerm,
  scale: number,
): ScaledTerm {
  return {
    value: scaleRows(value, scale),
    coefficient: scaleRows(coefficient, scale),
    ...(exponent && { exponent: scaleRows(exponent, scale) }),
    sign,
  }
}
