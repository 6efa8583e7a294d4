/** Each stage's own text of an attention, in the order of the stages. */
import { print as printAlgebra } from '../../algebra/print.ts'
import type { CompiledAttention, PendingAttention } from '../../index.ts'
import { print as printKernel } from '../../kernel/print.ts'
import { print as printSchedule } from '../../schedule/print.ts'
import { printAttention } from '../../semantics/print.ts'
import { claimText, type Standards } from './claim.ts'

export const stageNames = ['spec', 'algebra', 'claim', 'schedule', 'kernels', 'wgsl', 'cost'] as const
export type StageName = (typeof stageNames)[number]

/** What each stage is, for the reader who meets it first. */
export const stageTitles: Readonly<Record<StageName, string>> = {
  spec: 'the checked spec: names resolved, defaults filled in',
  algebra: 'the algebra: the same attention as symbolic mathematics',
  claim: 'the claim: what the features estimate, and how well',
  schedule: 'the schedule: which passes, with which tiles and memory',
  kernels: 'the kernels: what runs, independent of the language it is written in',
  wgsl: 'the kernels as WGSL: what the device compiles',
  cost: 'the cost: what the kernels ask of GPUs, counted, and what is expected of some',
}

/** Of an attention that cannot be compiled yet, the stages that it reaches. */
export function stagesOf(
  attention: CompiledAttention | PendingAttention,
  standards: Standards,
): ReadonlyMap<StageName, () => string> {
  const stages = new Map<StageName, () => string>([
    ['spec', () => printAttention(attention.model)],
    ['algebra', () => printAlgebra(attention.algebra)],
  ])
  const claim = claimText(attention.model, standards)
  if (claim !== undefined) stages.set('claim', () => claim)
  if ('unsupported' in attention) return stages
  stages.set('schedule', () => printSchedule(attention.schedule))
  stages.set('kernels', () => attention.kernels.map(printKernel).join('\n'))
  stages.set('wgsl', () =>
    Object.entries(attention.program.kernels)
      .map(([name, { code }]) => `// ${name}\n${code}`)
      .join('\n'),
  )
  return stages
}
