/**
 * How far a gradient of f32 may be from float64, each tensor as a whole, by the root mean square of its entries:
 *
 *     1e-3 · rms(gradient) + 1e-5 · rms(dout) · rms(out) / rms(tensor) + what a nudge of the inputs moves it by
 *
 * The second is for gradients that vanish, as those of a row that sees one key: Σ out·dout has that size for each
 * entry, and a gradient of that size over the tensor's is what rounding of it alone looks like. The third is where a
 * denominator nears 0, and where an entry is so near a kink, as that of `relu`, that rounding has it on the other side;
 * inputs are nudged both ways, so that a kink is passed one way or the other.
 */
import { reference } from '../../reference/reference.ts'
import { referenceGradients } from '../../reference/gradient/gradients.ts'
import type { GradientInputs, ReferenceGradients } from '../../reference/gradient/gradients.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { unit } from '../../symbolic/single.ts'
import { allowanceOfMoved, nudge as sensitiveNudge, nudgedInputs } from './sensitivity.ts'

const relative = 1e-3
const ofVanishing = 1e-5
/** Relative size of the change to an input: far more than rounding, so that it passes every kink that rounding passes. */
const nudge = 64 * unit
/** Roundings on the way outnumber those of the inputs, and one trial may be lucky. */
const safety = 10

/** By the names of the tensors that gradients are of. */
type OfEach<Of> = Readonly<Record<string, Of>>

/** Gradients as calls give them. */
interface Given<Of> {
  readonly dq: Of
  readonly dk: Of
  readonly dv: Of
  readonly dprojection?: Of | undefined
  readonly dweights?: OfEach<Of> | undefined
}

/** Those of weights side by side with the others. */
export const byName = <Of>({ dq, dk, dv, dprojection, dweights }: Given<Of>): OfEach<Of> => ({
  q: dq,
  k: dk,
  v: dv,
  ...(dprojection && { projection: dprojection }),
  ...dweights,
})

const mapped = <From, To>(of: OfEach<From>, to: (name: string, one: From) => To): OfEach<To> =>
  Object.fromEntries(Object.entries(of).map(([name, one]) => [name, to(name, one)]))

/** Whether it is a tensor that all batch items share. */
export const isParameter = (name: string): boolean => !['q', 'k', 'v'].includes(name)

/** The first two terms, which are cheap and nearly always enough. All rows add to the gradient of a parameter. */
export function plainAllowance(
  model: AttentionModel,
  inputs: GradientInputs,
  expected: ReferenceGradients,
): OfEach<number> {
  const vanishing = vanishingAllowance(model, inputs)
  return mapped(byName(expected), (name, gradient) => relative * rootMeanSquare(gradient) + vanishing(name))
}

/** The second. */
function vanishingAllowance(model: AttentionModel, inputs: GradientInputs): (name: string) => number {
  const whole = rootMeanSquare(reference(model, inputs)) * rootMeanSquare(inputs.dout)
  const { batch, heads, length, keyLength } = inputs
  const rows = Math.sqrt(batch * heads * (length + keyLength))
  const tensors = inputs as unknown as OfEach<ArrayLike<number>>
  return (name) =>
    ((ofVanishing * whole) / rootMeanSquare(tensors[name] ?? [])) * (isParameter(name) ? rows : 1)
}

/** The third. */
export function nudgedAllowance(
  model: AttentionModel,
  inputs: GradientInputs,
  expected: ReferenceGradients,
): OfEach<number> {
  const moved = [nudge, -nudge].map((part) => byName(referenceGradients(model, nudgedInputs(inputs, part))))
  return mapped(
    byName(expected),
    (name, gradient) =>
      safety * Math.max(...moved.map((one) => rootMeanSquareGap(one[name] ?? [], gradient))),
  )
}

/**
 * How far each entry of a gradient may be off: as `sensitivity` has it of outputs, and no less than what a gradient that
 * vanishes may be off by.
 */
export function entrywiseAllowance(
  model: AttentionModel,
  inputs: GradientInputs,
  expected: ReferenceGradients,
): OfEach<Float64Array> {
  const vanishing = vanishingAllowance(model, inputs)
  const moved = byName(referenceGradients(model, nudgedInputs(inputs, sensitiveNudge)))
  return mapped(byName(expected), (name, gradient) => {
    const [own, least] = [moved[name] ?? new Float64Array(), vanishing(name)]
    return allowanceOfMoved(own, gradient).map((allowed) => allowed + least)
  })
}

export const rootMeanSquareGap = (found: ArrayLike<number>, expected: Float64Array): number =>
  rootMeanSquare(expected.map((value, index) => (found[index] ?? Number.NaN) - value))

export const rootMeanSquare = (values: ArrayLike<number>): number => {
  let total = 0
  for (let index = 0; index < values.length; index++) total += (values[index] ?? 0) ** 2
  return Math.sqrt(total / Math.max(1, values.length))
}
