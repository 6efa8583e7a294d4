/** Each stage's own text of an attention, in the order of the stages. */
import { print as printAlgebra } from '../../algebra/print.ts'
import type { CompiledAttention, PendingAttention, Target } from '../../index.ts'
import { print as printKernel } from '../../kernel/print.ts'
import { print as printSchedule } from '../../schedule/print.ts'
import { printAttention } from '../../semantics/print.ts'
import { targetNamed, targets } from '../../targets/index.ts'
import { claimText, type Standards } from './claim.ts'
import { gradientsInWords } from './gradients.ts'
import { summaryText } from './summary.ts'

const ofCompiler = [
  'summary',
  'spec',
  'algebra',
  'claim',
  'schedule',
  'kernels',
  'cost',
  'gradients',
] as const

/** Stages that are long, and shown where they are asked for. */
export const whenAsked: ReadonlySet<string> = new Set(['cost', 'gradients'])

/** A stage of the compiler, or the kernels in the language of a target, by what modules call them. */
export type StageName = string

/** The target in whose language a stage shows the kernels, if it is such a stage. */
export const targetOf = (stage: StageName): Target | undefined =>
  targets.find(({ language }) => language.texts === stage)?.name

/** What is asked for where all stages are. */
export const everyStage = 'all'

/** Those that may be asked for. */
export const stageNames: readonly StageName[] = [
  ...ofCompiler,
  ...targets.map(({ language }) => language.texts),
]

const titles: Readonly<Record<(typeof ofCompiler)[number], string>> = {
  summary: 'a summary',
  spec: 'the checked spec: names resolved, defaults filled in',
  algebra: 'the algebra: the same attention as symbolic mathematics',
  claim: 'the claim: what the features estimate, and how well',
  schedule: 'the schedule: which passes, with which tiles and memory',
  kernels: 'the kernels: what runs, independent of the language it is written in',
  cost: 'the cost: what the kernels ask of GPUs, counted, and what is expected of some',
  gradients: 'the gradients: the passes of a call of backward, and the memory that they need',
}

/** What a stage is, for the reader who meets it first. */
export function stageTitle(stage: StageName): string {
  const target = targets.find(({ language }) => language.texts === stage)
  if (target !== undefined) return `the kernels as ${target.language.title}: what the device compiles`
  return titles[stage as keyof typeof titles]
}

/**
 * Of an attention that cannot be compiled yet, the stages that it reaches.
 *
 * @param shape of the call for which memory is told
 */
export function stagesOf(
  attention: CompiledAttention | PendingAttention,
  standards: Standards,
  shape: Parameters<typeof gradientsInWords>[2],
): ReadonlyMap<StageName, () => string> {
  const stages = new Map<StageName, () => string>()
  if (!('unsupported' in attention)) stages.set('summary', () => summaryText(attention, standards))
  stages.set('spec', () => printAttention(attention.model))
  const { algebra: known } = attention
  if (known === undefined) return stages
  stages.set('algebra', () => printAlgebra(known))
  const claim = claimText(attention.model, standards)
  if (claim !== undefined) stages.set('claim', () => claim)
  if ('unsupported' in attention) return stages
  stages.set('schedule', () => printSchedule(attention.schedule))
  stages.set('kernels', () => attention.kernels.map(printKernel).join('\n'))
  const { algebra, program } = attention
  stages.set('gradients', () => gradientsInWords(algebra, targetNamed(program.target).planner, shape))
  stages.set(targetNamed(program.target).language.texts, () =>
    Object.values(program.kernels)
      .map(({ code }) => code)
      .join('\n'),
  )
  return stages
}
