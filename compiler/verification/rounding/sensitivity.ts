/**
 * How far rounding may move an output that no running bound exists for: the
 * float64 result is computed anew from inputs that are off by a little at
 * random, and the change of the result stands for the error of rounding.
 */
import { weightNames, type WeightName } from '../../../runtime/contract/weights.ts'
import { reference, type ReferenceInputs } from '../../reference/reference.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { scattered } from '../cases/scatter.ts'
import { unit } from '../../symbolic/single.ts'

/** Relative size of the change to an input: that of a few roundings. */
export const nudge = 8 * unit
/** Roundings on the way outnumber those of the inputs, and one trial may be lucky. */
const safety = 80

export function sensitivity(
  model: AttentionModel,
  inputs: ReferenceInputs,
  expected: Float64Array,
): Float64Array {
  return allowanceOfMoved(reference(model, nudgedInputs(inputs, nudge)), expected)
}

/** @param moved what comes of inputs that are off by `nudge` */
export function allowanceOfMoved(moved: Float64Array, expected: Float64Array): Float64Array {
  const largest = expected.reduce((top, value) => Math.max(top, Math.abs(value)), 0)
  return moved.map((value, index) => safety * Math.abs(value - (expected[index] ?? 0)) + 1e-5 * largest)
}

/** The same inputs, every entry off by up to `part` of itself at random; by as much the other way where it is negative. */
export function nudgedInputs<Inputs extends ReferenceInputs>(inputs: Inputs, part: number): Inputs {
  const nudged = (values: Float32Array | Float64Array, stream: number): Float64Array =>
    Float64Array.from(values, (value, index) => value * (1 + part * (2 * scattered(stream, index) - 1)))
  const nudgedWeight = (name: WeightName, stream: number): [WeightName, Float64Array][] => {
    const values = inputs[name]
    return values === undefined ? [] : [[name, nudged(values, stream)]]
  }
  return {
    ...inputs,
    q: nudged(inputs.q, 0),
    k: nudged(inputs.k, 1),
    v: nudged(inputs.v, 2),
    ...Object.fromEntries(weightNames.flatMap((name, index) => nudgedWeight(name, 3 + index))),
  }
}
