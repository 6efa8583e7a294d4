/** WebGPU: passes of workgroups, as WGSL. */
import { invariant } from '../../diagnostics/invariant.ts'
import { lower } from '../../kernel/lower/lower.ts'
import { inWorkgroups } from '../../schedule/build.ts'
import { inWords } from '../../symbolic/index-arithmetic.ts'
import type { Target } from '../target.ts'
import { compactWgsl } from './compact.ts'
import { wgsl } from './print.ts'

/** The record of the target webgpu. */
export const webgpu: Target = {
  name: 'webgpu',
  exact: inWords,
  unsupported: () => undefined,
  plan: inWorkgroups,
  lower: (schedule) => lower(schedule).map((kernel) => ({ kernel, spell: () => wgsl(kernel) })),
  count: (pass) => {
    invariant(pass.kind !== 'cells', 'passes for webgpu are those of workgroups')
    return { workgroups: pass.workgroups, ...(pass.when === undefined ? {} : { when: pass.when }) }
  },
  language: { extension: 'wgsl', texts: 'wgsl', carried: compactWgsl, loadsLater: true },
}
