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
import { nudgedInputs } from './sensitivity.ts'

const relative = 1e-3
const ofVanishing = 1e-5
/** Relative size of the change to an input: far more than rounding, so that it passes every kink that rounding passes. */
const nudge = 64 * unit
/** Roundings on the way outnumber those of the inputs, and one trial may be lucky. */
const safety = 10

/** The tensors that gradients are taken by. */
export const differentiated = ['q', 'k', 'v'] as const
export type Differentiated = (typeof differentiated)[number]

type OfEach = Readonly<Record<Differentiated, number>>

const ofEach = (of: (name: Differentiated) => number): OfEach => ({ q: of('q'), k: of('k'), v: of('v') })

/** The first two terms, which are cheap and nearly always enough. */
export function plainAllowance(
  model: AttentionModel,
  inputs: GradientInputs,
  expected: ReferenceGradients,
): OfEach {
  const whole = rootMeanSquare(reference(model, inputs)) * rootMeanSquare(inputs.dout)
  return ofEach(
    (name) =>
      relative * rootMeanSquare(expected[`d${name}`]) + (ofVanishing * whole) / rootMeanSquare(inputs[name]),
  )
}

/** The third. */
export function nudgedAllowance(
  model: AttentionModel,
  inputs: GradientInputs,
  expected: ReferenceGradients,
): OfEach {
  const moved = [nudge, -nudge].map((part) => referenceGradients(model, nudgedInputs(inputs, part)))
  return ofEach(
    (name) =>
      safety * Math.max(...moved.map((one) => rootMeanSquareGap(one[`d${name}`], expected[`d${name}`]))),
  )
}

export const rootMeanSquareGap = (found: ArrayLike<number>, expected: Float64Array): number =>
  rootMeanSquare(expected.map((value, index) => (found[index] ?? Number.NaN) - value))

export const rootMeanSquare = (values: ArrayLike<number>): number => {
  let total = 0
  for (let index = 0; index < values.length; index++) total += (values[index] ?? 0) ** 2
  return Math.sqrt(total / Math.max(1, values.length))
}
