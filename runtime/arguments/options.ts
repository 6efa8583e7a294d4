/** The sizes of weights in a call, and the seed of `redraw`. */
import type { WeightPlan } from '../program.ts'
import type { Shape } from '../contract/shape.ts'
import { describe } from './describe.ts'

/** Once the call is known: weights are per query head. */
export function checkWeightSizes(
  { name, perHead, perKeyRow }: WeightPlan,
  have: number,
  { heads, keyLength }: Pick<Shape, 'heads' | 'keyLength'>,
): void {
  const all = heads * perHead
  if (perKeyRow === true ? have % all === 0 && have / all >= keyLength : have === all) return
  const need =
    perKeyRow === true ? `${all} numbers for each of at least ${keyLength} key rows` : `${all} numbers`
  throw new RangeError(`With these heads, weights.${name} needs ${need}; create was given ${have}.`)
}

export function checkSeed(where: string, seed: unknown): void {
  if (typeof seed !== 'number')
    throw new TypeError(`${where}: the seed must be a number; it is ${describe(seed)}.`)
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`${where}: the seed must be an integer from 0; it is ${seed}.`)
  }
}
