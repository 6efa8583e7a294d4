/** From the algebra to the forms of an attention for one target: passes and kernels, each verified. */
import type { Attention } from './algebra/attention.ts'
import { invariant } from './diagnostics/invariant.ts'
import type { FormName } from './codegen/description.ts'
import { isSpelt } from './codegen/javascript.ts'
import { BeyondSingle } from './kernel/check-value.ts'
import type { Kernel } from './kernel/kernel.ts'
import { BeyondScratch } from './kernel/limits.ts'
import { verify as verifyKernel } from './kernel/verify.ts'
import { backward, backwardFromState, schedule } from './schedule/build.ts'
import type { Planner } from './schedule/planner.ts'
import { dispatchesOf } from './schedule/schedule.ts'
import type { Schedule } from './schedule/schedule.ts'
import type { Choices } from './schedule/choices.ts'
import { verify as verifySchedule } from './schedule/verify.ts'
import type { Target } from './targets/target.ts'
import type { KernelSource } from '../runtime/program.ts'

/** A schedule and its kernels, one a pass. */
export interface LoweredForm {
  readonly schedule: Schedule
  readonly kernels: readonly Kernel[]
  /** The same kernels in the target's language. */
  readonly sources: readonly KernelSource[]
}

/**
 * The forms of an attention by name; every attention has `forward`, those that decode also `prefill` and `step`, and where
 * they carry sums `resume`.
 */
export type LoweredForms = Readonly<Partial<Record<FormName, LoweredForm>>> & {
  readonly forward: LoweredForm
}

/**
 * The forms, or why there are none, as a noun for the writer of the file.
 *
 * @param choices of the planner, in place of those of the model
 */
export function formsFor(
  target: Target,
  attention: Attention,
  choices?: Choices,
): LoweredForms | { readonly unsupported: string } {
  const unsupported = target.unsupported(attention)
  if (unsupported !== undefined) return { unsupported }
  const planned = schedule(attention, plannerOf(target, choices))
  return 'unsupported' in planned ? planned : lowered(planned, (forward) => lowerForms(target, forward))
}

/** The form of gradients, and where they compute forward anew the same kernels in two parts. */
export interface LoweredGradients {
  readonly backward: LoweredForm
  readonly keep?: LoweredForm
  readonly rest?: LoweredForm
}

/**
 * The passes and kernels of gradients, or why there are none, in words that go on from "has no gradients, since".
 *
 * @param parameters whether gradients of the projection, or of weights, come with them
 */
export function gradientsFor(
  target: Target,
  attention: Attention,
  choices?: Choices,
  parameters = false,
): LoweredGradients | { readonly underivable: string } {
  return gradientForm(target, backward(attention, plannerOf(target, choices), parameters))
}

/** Those of rows behind those of a state, likewise. */
export function stateGradientsFor(
  target: Target,
  attention: Attention,
  choices?: Choices,
): LoweredGradients | { readonly underivable: string } {
  return gradientForm(target, backwardFromState(attention, plannerOf(target, choices)))
}

function gradientForm(
  target: Target,
  planned: Schedule | { readonly underivable: string },
): LoweredGradients | { readonly underivable: string } {
  if ('underivable' in planned) return planned
  const form = lowered(planned, (backward) => lowerGradients(target, verifySchedule(backward)))
  return 'unsupported' in form ? { underivable: `they are not compiled for ${form.unsupported}` } : form
}

/** The planner of a target, by choices if there are some for it. */
const plannerOf = ({ planner, plannerBy }: Target, choices: Choices | undefined): Planner =>
  choices && plannerBy ? plannerBy(choices) : planner

/** What `lower` makes of a schedule, or what of it no kernel can compute. */
function lowered<Lowered>(
  planned: Schedule,
  lower: (planned: Schedule) => Lowered,
): Lowered | { readonly unsupported: string } {
  const unspelt = planned.buffers.find(({ value }) => value !== undefined && !isSpelt(value))
  if (unspelt !== undefined)
    return { unsupported: `\`${unspelt.name}\` by a function that JavaScript does not have` }
  try {
    return lower(planned)
  } catch (error) {
    if (error instanceof BeyondSingle)
      return { unsupported: 'constants that come to more than f32 holds (about 3.4e38)' }
    if (error instanceof BeyondScratch) return { unsupported: 'sums of more than 1 GiB for each thread' }
    throw error
  }
}

function lowerForms(target: Target, planned: Schedule): LoweredForms {
  const forward = verifySchedule(planned)
  const { prefill, step, resume } = forward.decoding ?? {}
  return {
    forward: lowerForm(target, forward),
    ...(prefill === undefined ? {} : { prefill: lowerForm(target, prefill) }),
    ...(step === undefined ? {} : { step: lowerForm(target, step) }),
    ...(resume === undefined ? {} : { resume: lowerForm(target, resume) }),
  }
}

function lowerForm(target: Target, plan: Schedule): LoweredForm {
  const lowered = target.lower(plan)
  const kernels = lowered.map(({ kernel }) => verifyKernel(kernel))
  return { schedule: plan, kernels, sources: lowered.map(({ spell }) => spell()) }
}

/** Each kernel is made once, whichever parts have it. */
function lowerGradients(target: Target, backward: Schedule): LoweredGradients {
  const { inTwo, ...facts } = backward
  if (inTwo === undefined) return { backward: lowerForm(target, backward) }
  const [keep, rest] = [verifySchedule(inTwo.keep), verifySchedule(inTwo.rest)]
  const all: Schedule = {
    ...facts,
    buffers: [...new Map([...keep.buffers, ...backward.buffers].map((plan) => [plan.name, plan])).values()],
    passes: [...new Set([...backward.passes, ...keep.passes])],
  }
  const { kernels, sources } = lowerForm(target, all)
  const madeFor = (schedule: Schedule): LoweredForm => {
    const places = schedule.passes.map((pass) => all.passes.indexOf(pass))
    return {
      schedule,
      kernels: places.flatMap((place) => kernels[place] ?? []),
      sources: places.flatMap((place) => sources[place] ?? []),
    }
  }
  const forms = { backward: madeFor(facts), keep: madeFor(keep), rest: madeFor(rest) }
  checkKept(forms.keep, true)
  checkKept(forms.rest, false)
  return forms
}

/** What one part leaves the other only reads, so that it serves again. */
function checkKept({ schedule, kernels }: LoweredForm, leaves: boolean): void {
  const written = new Set(
    dispatchesOf(schedule).flatMap(({ pass, buffers }) => {
      const { bindings = [] } = kernels[schedule.passes.indexOf(pass)] ?? {}
      return buffers.filter((_, place) => bindings[place]?.access === 'read_write')
    }),
  )
  for (const { name, kept } of schedule.buffers)
    invariant(
      !kept || written.has(name) === leaves,
      `${name} of ${schedule.name} is ${leaves ? 'written before' : 'only read after'} the cut`,
    )
}
