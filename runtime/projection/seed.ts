/** The seed of `redraw`: loaded with what draws. */
import { describe } from '../arguments/describe.ts'

/** @throws TypeError, RangeError */
export function checkSeed(where: string, seed: unknown): void {
  if (typeof seed !== 'number')
    throw new TypeError(`${where}: the seed must be a number; it is ${describe(seed)}.`)
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`${where}: the seed must be an integer from 0; it is ${seed}.`)
}
