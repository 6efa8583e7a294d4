/** The passes of `backward`, and the memory that a call of it needs beside its tensors. */
import type { Attention } from '../../algebra/attention.ts'
import { backward } from '../../schedule/build.ts'
import { cost } from '../../schedule/cost.ts'
import type { Planner } from '../../schedule/planner.ts'
import { print as printSchedule } from '../../schedule/print.ts'

/** The schedule of the gradients, or why there is none. */
export function gradientsInWords(
  attention: Attention,
  planner: Planner,
  { length, heads }: { readonly length: number; readonly heads: number },
): string {
  const schedule = backward(attention, planner)
  if ('underivable' in schedule) return `No gradients, since ${schedule.underivable}.\n`
  const shape = { batch: 1, heads, kvHeads: heads, length, keyLength: length }
  const { memory } = cost(schedule, shape)
  const mebibytes = (memory / 2 ** 20).toPrecision(3)
  return [
    printSchedule(schedule),
    '',
    `Forward is computed anew, and nothing is kept of it. Memory beside the tensors, of ${heads} heads and ${length} rows: ${mebibytes} MiB.`,
    '',
  ].join('\n')
}
