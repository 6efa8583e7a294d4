/**
 * Mending: sums without scales, and rows that lost digits in them computed anew with scales.
 *
 * Features that never grow exponentially and may vanish overflow nothing: nearly every row comes out right without
 * scales beside its sums, in half the time. A row whose denominator says that digits may be gone is taken through the
 * keys that it sees once more, pair by pair, with scales. What its denominator is depends on those keys alone, so that
 * later ones change nothing. So it is with the features of the state that decoding carries: `workgroups/carried.ts` sums
 * those once more, with scales, whose z says the same.
 */
import { carriesScales } from '../algebra/attention.ts'
import type { Attention, Carry } from '../algebra/attention.ts'
import { isIdentity } from '../algebra/facts.ts'
import { isNeverPositive } from '../symbolic/never-positive.ts'
import { hasReduce } from '../symbolic/traverse.ts'

/**
 * Whether rows are mended rather than all sums scaled. Not where rows act on the state, because its sums shrink with
 * every row; not where a component of φ may be negative, because the result is then no mean with weights ≥ 0; not where
 * an exponent may be positive, because plain sums could overflow; and not where φ has projections or reductions, because
 * computing it anew for each pair of rows would cost too much.
 */
export function mends(attention: Attention, carry: Carry): boolean {
  const { score, action } = carry
  if (!carriesScales(attention, carry) || !isIdentity(action) || attention.stabilize.kind !== 'auto')
    return false
  return (
    score.projections === undefined &&
    [...score.query, ...score.key].every(
      ({ value, sign, exponent }) =>
        sign !== 'unknown' && !hasReduce(value) && (exponent === undefined || isNeverPositive(exponent)),
    )
  )
}
