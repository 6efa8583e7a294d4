// Gradients against differences of the float64 reference, along one random direction of each tensor.
import { reference } from '../../compiler/reference/reference.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { tensor } from '../../compiler/verification/cases/case.ts'
import { weightsOf } from '../../compiler/verification/cases/weights.ts'
import type { Call } from '../../compiler/verification/execution/executor.ts'

export const differentiated = ['q', 'k', 'v'] as const
export type Differentiated = (typeof differentiated)[number]

type Widened = Omit<Call, Differentiated> & Record<Differentiated, Float64Array>

const widened = (call: Call): Widened => ({
  ...call,
  q: Float64Array.from(call.q),
  k: Float64Array.from(call.k),
  v: Float64Array.from(call.v),
})

/** A direction like a tensor of a call. */
export const directionOf = (call: Call, name: Differentiated): Float64Array =>
  Float64Array.from(tensor(1, 1, call[name].length, 400 + differentiated.indexOf(name), 1))

/** Σ out·dout of a call, with what it is given beside its tensors. */
function objective(model: AttentionModel, call: Widened, kept: Record<string, Float32Array>): number {
  const out = reference(model, { ...call, ...weightsOf(model).values, ...kept })
  return out.reduce((sum, entry, n) => sum + entry * (call.dout?.[n] ?? 0), 0)
}

/** The derivative along the direction, by Richardson's extrapolation of central differences. */
export function slopeAlong(
  model: AttentionModel,
  call: Call,
  name: Differentiated,
  kept: Record<string, Float32Array> = {},
): number {
  const around = widened(call)
  const direction = directionOf(call, name)
  const at = (h: number): number =>
    objective(
      model,
      { ...around, [name]: around[name].map((entry, n) => entry + h * (direction[n] ?? 0)) },
      kept,
    )
  const central = (h: number): number => (at(h) - at(-h)) / (2 * h)
  const h = 1e-5
  return (4 * central(h / 2) - central(h)) / 3
}

/** ⟨gradient, direction⟩. */
export const along = (gradient: ArrayLike<number>, direction: Float64Array): number =>
  direction.reduce((sum, entry, n) => sum + entry * (gradient[n] ?? Number.NaN), 0)

/** Σ |gradient · direction|, beside which differences lose their digits. */
export const weightAlong = (gradient: ArrayLike<number>, direction: Float64Array): number =>
  direction.reduce((sum, entry, n) => sum + Math.abs(entry * (gradient[n] ?? 0)), 0)
