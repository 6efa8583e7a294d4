/** The adjoint of means: each row of a segment has its share of the mean's cotangent. */
import type { Means } from '../../algebra/attention.ts'
import { add, choose, div, larger, lt, mul, named, smaller, sub, toReal } from '../equation/build.ts'
import type { Formula } from '../equation.ts'
import type { Adjoint, Entry } from './adjoint.ts'

/** A contribution alone. */
export function adjointOfMeans({ rows, count: segments }: Means, cotangent: Entry): Adjoint {
  const queries = rows.of === 'q'
  const entry: Entry = (head, row, column) => {
    const count = queries ? head.counted : head.visible
    const { segment, rowsOfSegment } = segmentOf(row, count, segments)
    const share = div(cotangent(head, segment, column), toReal(rowsOfSegment))
    return choose(lt(row, count), share, 0)
  }
  const over = queries ? 'sliceQueryHead' : 'sliceKeyHead'
  return { passes: [], buffers: [], contributions: [{ to: rows, over, entry }] }
}

/**
 * The segment of a row, and how many rows it has; see `means.ts` of schedules. Written without a choice between
 * integers, which not every target has.
 */
function segmentOf(row: Formula, count: Formula, segments: number) {
  const short = named('short', div(count, segments))
  const shorter = named('shorter', sub(mul(add(short, 1), segments), count))
  const behind = named('behind', mul(shorter, short))
  // Of the rows of the longer segments: how many come before this one.
  const late = named('late', sub(larger(row, behind), behind))
  const isLate = smaller(sub(larger(add(row, 1), behind), behind), 1)
  return {
    segment: named('segment', add(smaller(div(row, larger(short, 1)), shorter), div(late, add(short, 1)))),
    rowsOfSegment: named('size', add(short, isLate)),
  }
}
