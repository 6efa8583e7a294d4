/** Schedules of gradients over buffers on the host: as equations, as kernels, and as kernels in two parts. */
import { stand } from '../../../runtime/contract/weights.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import { longestKeys } from '../cases/case.ts'
import type { GradientCall } from './executor.ts'
import { evaluateEquations } from './run-equations.ts'
import { runAll } from './run-passes.ts'
import type { Buffers, Lowered } from './run-passes.ts'

type Numbers = ArrayLike<number>

/** A gradient by the name of its tensor; undefined where there is none. */
export type GradientOf = (name: string) => Numbers | undefined

/** A gradient, with that of the weight for which it stands in, where that is not given. */
export const together =
  (found: (name: string) => Numbers | undefined, kept: Buffers) =>
  (name: string): Numbers => {
    const own = Float64Array.from(found(name) ?? [])
    for (const [other, one] of Object.entries(stand))
      if (`d${one}` === name && kept[other] === undefined)
        for (const [n, entry] of Array.from(found(`d${other}`) ?? []).entries())
          own[n] = (own[n] ?? 0) + entry
    return own
  }

const byTensor =
  (found: (name: string) => Numbers | undefined, kept: Buffers): GradientOf =>
  (name) =>
    found(`d${name}`) && together(found, kept)(`d${name}`)

/** Weights of pooling are for so many rows. */
const sizes = { capacity: longestKeys }

/** In float64; undefined where a pass has no equation. */
export function gradientsOfEquations(
  schedule: Schedule,
  call: GradientCall,
  kept: Buffers,
): GradientOf | undefined {
  const found = evaluateEquations(schedule, call, kept, sizes)
  return found && byTensor(found, kept)
}

export function gradientsOfKernels(backward: Lowered, call: GradientCall, kept: Buffers): GradientOf {
  const found = runAll(backward, { call, kept, ...sizes })
  return byTensor((name) => found[name], kept)
}

/** What forward leaves, and the gradients from what it has kept. */
export function gradientsInTwo(
  { keep, rest }: { readonly keep: Lowered; readonly rest: Lowered },
  { dout, ...call }: GradientCall,
  kept: Buffers,
): { readonly out: Numbers; readonly gradients: GradientOf } {
  const before = runAll(keep, { call, kept, ...sizes })
  const names = keep.schedule.buffers.flatMap((plan) => (plan.kept === true ? [plan.name] : []))
  const left = Object.fromEntries(
    names.flatMap((name) => {
      const { [name]: numbers } = before
      return numbers === undefined ? [] : [[name, numbers] as const]
    }),
  )
  const found = runAll(rest, { call: { ...call, dout }, kept: { ...kept, ...left }, ...sizes })
  return { out: before['out'] ?? [], gradients: byTensor((name) => found[name], kept) }
}
