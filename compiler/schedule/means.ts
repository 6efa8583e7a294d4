/** Means of consecutive segments of rows, as an equation. */
import { add, div, larger, load, mul, named, sub, sum, toReal, x, y, z } from './equation/build.ts'
import { countRows, entryOf, headAt } from './equation/heads.ts'
import { equationPass } from './equation/plan.ts'
import type { EquationPass, Formula } from './equation.ts'
import { headsOf } from './planner.ts'
import type { Matrix } from './planner.ts'
import type { Rows } from './schedule.ts'

/** Rows, and the matrix that gets a mean for each of its rows. */
interface Means {
  readonly name: string
  readonly rows: Rows
  readonly out: Matrix
  /** Entries of a row. */
  readonly columns: number
}

/**
 * The means of consecutive segments of rows. With s = ⌊rows / segments⌋ the first (s + 1)·segments − rows have s
 * rows, and the others s + 1.
 */
export function meansPass({ name, rows, out, columns }: Means): EquationPass {
  const segments = out.count
  const over = out.of === 'sliceKeyHead' ? 'sliceKeyHead' : 'sliceQueryHead'
  const head = headAt('kvHeads', over, z, { lengths: true })
  const count = countRows(rows, head)
  const short = named('short', div(count, segments))
  const shorter = named('shorter', sub(mul(add(short, 1), segments), count))
  // Segments of one row more: before this one, and up to it.
  const longer = (name: string, segment: Formula): Formula =>
    named(name, sub(larger(segment, shorter), shorter))
  const [before, upTo] = [longer('longerBefore', y), longer('longerUpTo', add(y, 1))]
  const first = named('first', add(mul(y, short), before))
  const rowsOfSegment = named('size', add(short, sub(upTo, before)))
  const total = sum('r', rowsOfSegment, (r) =>
    load(rows.buffer, entryOf(rows, head, add(first, r), columns, x)),
  )
  return equationPass({
    name,
    extent: [columns, segments, headsOf(out.of)],
    // A segment without rows belongs to a batch item that is exact.
    value: div(total, larger(toReal(rowsOfSegment), 1)),
    out: out.buffer,
    what: `the mean of each of ${segments} segments of the rows of ${rows.buffer}`,
  })
}
