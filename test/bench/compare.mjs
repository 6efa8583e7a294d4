// One length: every contestant right, then every contestant timed, in turn.
import { admit } from './gate.mjs'
import { timingOf } from './statistics.mjs'

/** @typedef {import('./contestants/contestant.mjs').Contestant} Contestant */
/** @typedef {import('./statistics.mjs').Timing} Timing */

/** Calls in one sample of the tensors that lie on the device: the readback after them weighs little. */
export const callsOnDevice = 4

/**
 * @typedef {object} Measured
 * @property {string} name
 * @property {import('./gate.mjs').Distance} error from float64
 * @property {Timing} fromArrays milliseconds a call, upload and readback included
 * @property {Timing} onDevice milliseconds a call
 * @property {{ readonly fromArrays: number, readonly onDevice: number }} behind its time over that of the first
 *   contestant in the same round, the median of the rounds: what else the machine does then weighs on both
 */

/**
 * @param {readonly Contestant[]} contestants
 * @param {number} rounds
 * @returns {Promise<Measured[]>}
 * @throws {import('./gate.mjs').WrongResult} where any result is wrong, also one in the middle
 */
export async function compare(contestants, rounds) {
  const entries = []
  for (const contestant of contestants) {
    const { name, expected, width } = contestant
    const check = (/** @type {Float32Array} */ result) => admit(name, result, expected, width)
    const error = check(await contestant.fromArrays())
    check(await contestant.onDevice(callsOnDevice))
    entries.push({ contestant, check, error, fromArrays: samples(), onDevice: samples() })
  }
  for (let round = 0; round < rounds; round++) {
    // Whoever went first in the last round goes last in this one.
    const turns = round % 2 === 0 ? entries : [...entries].reverse()
    for (const { contestant, check, fromArrays } of turns)
      check(await timed(() => contestant.fromArrays(), 1, fromArrays))
    for (const { contestant, check, onDevice } of turns)
      check(await timed(() => contestant.onDevice(callsOnDevice), callsOnDevice, onDevice))
  }
  const [first] = entries
  return entries.map(({ contestant: { name }, error, fromArrays, onDevice }) => ({
    name,
    error,
    fromArrays: timingOf(fromArrays),
    onDevice: timingOf(onDevice),
    behind: {
      fromArrays: medianRatio(fromArrays, first?.fromArrays ?? []),
      onDevice: medianRatio(onDevice, first?.onDevice ?? []),
    },
  }))
}

/**
 * @param {readonly number[]} times
 * @param {readonly number[]} others
 */
function medianRatio(times, others) {
  return timingOf(times.map((time, round) => time / (others[round] ?? NaN))).median
}

/** @returns {number[]} */
const samples = () => []

/**
 * @param {() => Promise<Float32Array>} run
 * @param {number} calls in it
 * @param {number[]} times to which the milliseconds of one are added
 */
async function timed(run, calls, times) {
  const start = performance.now()
  const result = await run()
  times.push((performance.now() - start) / calls)
  return result
}
