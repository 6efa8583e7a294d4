// Times of calls that take turns, so that what else the machine does falls on all of them.

/**
 * @param {number} tries
 * @param {readonly (() => Promise<unknown>)[]} calls
 * @returns {Promise<number[]>} the shortest milliseconds of each call
 */
export async function fastest(tries, calls) {
  const best = calls.map(() => Infinity)
  for (let round = 0; round < tries; round++)
    for (const [n, call] of calls.entries()) {
      const started = performance.now()
      await call()
      best[n] = Math.min(best[n], performance.now() - started)
    }
  return best
}
