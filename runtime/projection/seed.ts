/** The seed of `redraw`: loaded with what draws. */

/** @throws TypeError, RangeError */
export function checkSeed(where: string, seed: unknown): void {
  if (typeof seed !== 'number')
    throw new TypeError(`${where}: the seed must be a number; it is of type ${typeof seed}.`)
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`${where}: the seed must be an integer from 0; it is ${seed}.`)
}
