/** WebAssembly: kernels of one thread, as WAT. */
import { lower } from '../../kernel/lower/lower.ts'
import { workgroupPlanner } from '../../schedule/workgroups/planner.ts'
import { inWords } from '../../symbolic/index-arithmetic.ts'
import type { Target } from '../target.ts'

/** The record of the target wasm. */
export const wasm: Target = {
  name: 'wasm',
  exact: inWords,
  unsupported: () => 'anything for the target wasm, whose kernels are not written yet,',
  planner: workgroupPlanner,
  lower: (schedule) =>
    lower(schedule).map((kernel) => ({
      kernel,
      spell: () => ({ code: '', workgroupSize: 1, bindings: [], workgroupBytes: 0 }),
    })),
  count: ({ workgroups, when }) => ({ workgroups, ...(when === undefined ? {} : { when }) }),
  language: { extension: 'wat', texts: 'wat', carried: (code) => code, loadsLater: false },
}
