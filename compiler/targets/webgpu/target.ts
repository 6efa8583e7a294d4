/** WebGPU: passes of workgroups, as WGSL. */
import { lower } from '../../kernel/lower/lower.ts'
import { plannerBy, workgroupPlanner } from '../../schedule/workgroups/planner.ts'
import { inWords } from '../../symbolic/index-arithmetic.ts'
import type { Target } from '../target.ts'
import { compactWgsl } from './compact.ts'
import { wgsl } from './print.ts'

/** The record of the target webgpu. */
export const webgpu: Target = {
  name: 'webgpu',
  exact: inWords,
  unsupported: () => undefined,
  planner: workgroupPlanner,
  plannerBy,
  lower: (schedule) =>
    lower({ ...schedule, strided: true }).map((kernel) => ({ kernel, spell: () => wgsl(kernel) })),
  count: ({ workgroups, when }) => ({ workgroups, ...(when === undefined ? {} : { when }) }),
  modelled: true,
  language: { extension: 'wgsl', title: 'WGSL', texts: 'wgsl', carried: compactWgsl, loadsLater: true },
}
