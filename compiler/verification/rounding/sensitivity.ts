/**
 * How far rounding may move an output that no running bound exists for: the
 * float64 result is computed anew from inputs that are off by a little at
 * random, and what that does to it is taken for what rounding does.
 */
import { reference, type ReferenceInputs } from '../../reference/reference.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { scattered } from '../cases/scatter.ts'
import { unit } from './bounded.ts'

const trials = 3
/** Relative size of the change to an input: that of a few roundings. */
const nudge = 8 * unit
/** Roundings on the way outnumber those of the inputs. */
const safety = 50

export function sensitivity(
  model: AttentionModel,
  inputs: ReferenceInputs,
  expected: Float64Array,
): Float64Array {
  const largest = expected.reduce((top, value) => Math.max(top, Math.abs(value)), 0)
  const moved = new Float64Array(expected.length)
  for (let trial = 0; trial < trials; trial++) {
    const nudged = (values: Float32Array | Float64Array, stream: number): Float64Array =>
      Float64Array.from(
        values,
        (value, index) => value * (1 + nudge * (2 * scattered(trial, stream, index) - 1)),
      )
    const result = reference(model, {
      ...inputs,
      q: nudged(inputs.q, 0),
      k: nudged(inputs.k, 1),
      v: nudged(inputs.v, 2),
      ...(inputs.landmarks && { landmarks: nudged(inputs.landmarks, 3) }),
    })
    result.forEach((value, index) => {
      moved[index] = Math.max(moved[index] ?? 0, Math.abs(value - (expected[index] ?? 0)))
    })
  }
  return moved.map((distance) => safety * distance + 1e-5 * largest)
}
