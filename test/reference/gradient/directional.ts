// Gradients against differences of the float64 reference along one random direction of each tensor.
import { referenceGradients } from '../../../compiler/reference/gradient/gradients.ts'
import type { GradientInputs, ReferenceGradients } from '../../../compiler/reference/gradient/gradients.ts'
import { reference } from '../../../compiler/reference/reference.ts'
import type { AttentionModel } from '../../../compiler/semantics/model.ts'
import { drawnLaw, keysAreQueries, weightsOf } from '../../../compiler/semantics/model.ts'
import type { WeightName } from '../../../runtime/contract/weights.ts'
import { drawProjection } from '../../../runtime/projection/index.ts'
import { inputsFor, numbers } from '../tensors.ts'
import type { Shape } from '../tensors.ts'

export interface Call extends Shape {
  readonly lengths?: readonly number[]
  readonly queryLengths?: readonly number[]
  /** Weights that are left out, so that another stands in. */
  readonly without?: readonly WeightName[]
}

/** A call with everything that its gradients may be taken by, in float64. */
export function gradientCall(
  model: AttentionModel,
  { lengths, queryLengths, without = [], ...shape }: Call,
): GradientInputs {
  const inputs = inputsFor(model, shape)
  const { batch, heads, length, keyLength } = inputs
  const weights = weightsOf(model).flatMap(({ name, shape: sizes }, index) => {
    if (without.includes(name)) return []
    const entries = sizes.reduce<number>(
      (all, size) => all * (size === 'keyRows' ? keyLength + 2 : size),
      heads,
    )
    return [[name, numbers(entries, 40 + index)] as const]
  })
  const law = drawnLaw(model)
  return {
    ...inputs,
    ...(lengths && { lengths }),
    ...(queryLengths && { queryLengths }),
    ...(law && { projection: Float64Array.from(drawProjection(law)) }),
    ...Object.fromEntries(weights),
    dout: numbers(batch * heads * length * model.valueDim, 90),
    wrt: ['weights', 'projection'].filter((name) => name === 'weights' || law !== undefined) as ['weights'],
  }
}

/** By the names of the inputs that they belong to. */
function gradientsByName({
  dq,
  dk,
  dv,
  dweights,
  dprojection,
}: ReferenceGradients): ReadonlyMap<string, Float64Array> {
  return new Map(
    Object.entries({ q: dq, k: dk, v: dv, ...dweights, ...(dprojection && { projection: dprojection }) }),
  )
}

/** The sum of out·dout, whose gradients are asked for. */
type Loss = (inputs: GradientInputs) => number

export const lossOf =
  (model: AttentionModel): Loss =>
  (inputs) => {
    const out = reference(model, inputs)
    return out.reduce((sum, entry, index) => sum + entry * inputs.dout[index]!, 0)
  }

/** How far a gradient is from differences along a direction, relative to what it is along most directions. */
export function slopeError(loss: Loss, inputs: GradientInputs, name: string, gradient: Float64Array): number {
  const tensor = inputs[name as 'q']
  const direction = numbers(tensor.length, 70)
  const at = (step: number): number =>
    loss({ ...inputs, [name]: Float64Array.from(tensor, (entry, index) => entry + step * direction[index]!) })
  const slope = (step: number): number => (at(step) - at(-step)) / (2 * step)
  // Errors of the second order of the step cancel.
  const step = 2e-4
  const found = (4 * slope(step / 2) - slope(step)) / 3
  const expected = gradient.reduce((sum, entry, index) => sum + entry * direction[index]!, 0)
  const size = (norm(gradient) * norm(direction)) / Math.sqrt(tensor.length)
  return Math.abs(found - expected) / (Math.max(size, Math.abs(found)) || 1)
}

const norm = (row: Float64Array): number => Math.sqrt(row.reduce((sum, entry) => sum + entry * entry, 0))

export const tolerance = 1e-6

/** The names of the gradients of a call that differences refute; those of `nothing` have to be zeros. */
export function wrongGradients(model: AttentionModel, call: Call, nothing: readonly string[] = []): string[] {
  const inputs = gradientCall(model, call)
  const zeros = [...nothing, ...(keysAreQueries(model) ? ['k', 'projection'] : [])]
  return [...gradientsByName(referenceGradients(model, inputs))].flatMap(([name, gradient]) => {
    const error = slopeError(lossOf(model), inputs, name, gradient)
    if (!(error < tolerance)) return [`${name}: relative error ${error}`]
    return norm(gradient) > 0 === zeros.includes(name) ? [`${name}: norm ${norm(gradient)}`] : []
  })
}
