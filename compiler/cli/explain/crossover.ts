/** From which length the cheaper growth wins. */

/**
 * The smallest whole length from which `cost` stays below `baseline`, as long as
 * both are of the kind that crosses once: linear and quadratic in the length.
 *
 * @returns undefined where there is none up to `limit`
 */
export function crossover(
  cost: (length: number) => number,
  baseline: (length: number) => number,
  limit = 2 ** 24,
): number | undefined {
  const wins = (length: number): boolean => cost(length) < baseline(length)
  let high = 1
  while (!wins(high)) {
    high *= 2
    if (high > limit) return undefined
  }
  let low = Math.floor(high / 2)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (wins(middle)) high = middle
    else low = middle
  }
  return high
}
