// How long calls take, told by their median: a single one may have been interrupted.

/** Milliseconds in all, after which no further round is begun. */
const budget = 600
const rounds = 15

/**
 * @param calls functions that return promises; they take turns, so that what slows the device slows all of them
 * @returns the median of each, in milliseconds, and the number of rounds
 */
export async function medianTimes(calls) {
  const times = calls.map(() => [])
  const start = performance.now()
  let round = 0
  while (round < 3 || (round < rounds && performance.now() - start < budget)) {
    for (const [index, call] of calls.entries()) {
      const before = performance.now()
      await call()
      times[index].push(performance.now() - before)
    }
    round++
  }
  return { medians: times.map(median), rounds: round }
}

function median(times) {
  const sorted = times.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)]
}
