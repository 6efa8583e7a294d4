/** WebAssembly: kernels of one thread, as WAT. */
import { lowerSequential } from '../../kernel/sequential/lower.ts'
import { sequentialPlanner } from '../../schedule/sequential/planner.ts'
import { inWords } from '../../symbolic/index-arithmetic.ts'
import type { Target } from '../target.ts'
import { assemble } from './assemble.ts'
import { wat } from './print.ts'

/** The record of the target wasm. */
export const wasm: Target = {
  name: 'wasm',
  exact: inWords,
  unsupported: () => undefined,
  planner: sequentialPlanner,
  lower: (schedule) => lowerSequential(schedule).map((kernel) => ({ kernel, spell: () => wat(kernel) })),
  count: ({ workgroups, when }) => ({ workgroups, ...(when === undefined ? {} : { when }) }),
  language: { extension: 'wat', title: 'WAT', texts: 'wat', assemble, loadsLater: true },
}
