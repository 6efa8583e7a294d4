/** The adjoint of means: each row of a segment has its share of the mean's cotangent. */
import type { Means } from '../../algebra/attention.ts'
import { add, choose, div, larger, lt, mul, named, select, size, sub, toReal } from '../equation/build.ts'
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

/** The segment of a row, and how many rows it has; see `means.ts` of schedules. */
function segmentOf(row: Formula, count: Formula, segments: number) {
  const short = named('short', div(count, segments))
  const shorter = named('shorter', sub(mul(add(short, 1), segments), count))
  const behind = named('behind', mul(shorter, short))
  const isShort = lt(row, behind)
  const late = div(sub(larger(row, behind), behind), add(short, 1))
  return {
    segment: named('segment', select(isShort, div(row, larger(short, 1)), add(shorter, late))),
    rowsOfSegment: named('size', select(isShort, larger(short, 1), add(short, size(1)))),
  }
}
