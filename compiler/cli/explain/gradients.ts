/** The passes of `backward`, and the memory that a call of it needs beside its tensors. */
import { counted } from '../../diagnostics/counted.ts'
import type { Attention } from '../../algebra/attention.ts'
import { parametersOf } from '../../algebra/facts.ts'
import { backward } from '../../schedule/build.ts'
import { cost } from '../../schedule/cost.ts'
import type { Planner } from '../../schedule/planner.ts'
import { print as printSchedule } from '../../schedule/print.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import { keptInWords } from './kept.ts'

/** Of a call for one batch item. */
interface Sizes {
  readonly length: number
  readonly heads: number
}

/** The schedule of the gradients, or why there is none; and what there is beside it for those of parameters. */
export function gradientsInWords(attention: Attention, planner: Planner, sizes: Sizes): string {
  const schedule = backward(attention, planner)
  if ('underivable' in schedule) return `No gradients, since ${schedule.underivable}.\n`
  return [
    printSchedule(schedule),
    '',
    `Memory beside the tensors, of ${counted(sizes.heads, 'head')} and ${counted(sizes.length, 'row')}: ${memoryOf(schedule, sizes)}.`,
    '',
    ...keptInWords(schedule, sizes),
    '',
    ...parametersOf(attention).flatMap((parameter) => {
      const whole = backward(attention, planner, true)
      if ('underivable' in whole) return []
      return [
        `With wrt: ['${parameter}'] there are these passes, too, and the memory is ${memoryOf(whole, sizes)}:`,
        '',
        printSchedule(beside(schedule, whole)),
        '',
      ]
    }),
  ].join('\n')
}

function memoryOf(schedule: Schedule, { length, heads }: Sizes): string {
  const { memory } = cost(schedule, { batch: 1, heads, kvHeads: heads, length, keyLength: length })
  return `${(memory / 2 ** 20).toPrecision(3)} MiB`
}

/** What a schedule has that another has not, by name. */
function beside(schedule: Schedule, whole: Schedule): Schedule {
  const others = <Of extends { readonly name: string }>(
    all: readonly Of[],
    known: readonly Of[],
  ): readonly Of[] => all.filter(({ name }) => !known.some((one) => one.name === name))
  const { rounds = [] } = whole
  const passes = others(whole.passes, schedule.passes)
  return {
    ...whole,
    buffers: others(whole.buffers, schedule.buffers),
    passes,
    rounds: rounds.filter(({ first }) => passes.some(({ name }) => name === first)),
  }
}
