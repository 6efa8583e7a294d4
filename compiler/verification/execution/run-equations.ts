/** A schedule of equations in float64: what kernels are held to, and what is held to the algebra. */
import { evaluateEquation } from '../../schedule/equation/evaluate.ts'
import { dispatchesOf } from '../../schedule/schedule.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { Call } from './executor.ts'
import { bufferOf, headNumbers, shapeOf } from './run-passes.ts'
import type { Buffers } from './run-passes.ts'

/** The output [B, H, L, valueDim]; undefined where a pass has no equation. */
export const runEquations = (schedule: Schedule, call: Call, kept: Buffers): Float64Array | undefined =>
  evaluateEquations(schedule, call, kept)?.('out')

/**
 * The numbers of every buffer after a call, by name; undefined where a pass has no equation.
 *
 * @param sizes how many rows there are weights for, where these are more than the keys of the call
 */
export function evaluateEquations(
  schedule: Schedule,
  call: Call,
  kept: Buffers,
  sizes?: { readonly capacity: number },
): ((name: string) => Float64Array | undefined) | undefined {
  if (!schedule.passes.every(({ kind }) => kind === 'equation')) return undefined
  const shape = shapeOf(schedule, call, sizes)
  const buffers = new Map(
    schedule.buffers.map((plan) => [
      plan.name,
      plan.role === 'heads' ? headNumbers(plan, shape) : Float64Array.from(bufferOf(plan, call, kept, shape)),
    ]),
  )
  for (const { pass, buffers: names } of dispatchesOf(schedule)) {
    if (pass.kind !== 'equation') continue
    // In rounds of an iteration buffers change their names.
    const now = new Map(pass.buffers.map((name, place) => [name, names[place] ?? name]))
    evaluateEquation(pass, shape, (name) => buffers.get(now.get(name) ?? name) ?? new Float64Array())
  }
  return (name) => buffers.get(name)
}
