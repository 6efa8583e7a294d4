// One mechanism at one length: every contestant right, then every contestant timed, in turn.
import { setTimeout } from 'node:timers/promises'
import { admit, WrongResult } from '../gate.mjs'
import { timingOf } from '../statistics.mjs'

/** @typedef {import('./contestants.mjs').Contestant} Contestant */
/** @typedef {import('../statistics.mjs').Timing} Timing */

/** Threads of ONNX Runtime go on asking for work for a while, and would take it from whoever comes next. */
const pauseMilliseconds = 20

/**
 * Before a timed call, unless calls take as long, each contestant calls for so long, as a model does layer by layer. After a pause a scheduler may
 * wake all threads on one core, and moves them apart at its next tick, some milliseconds later.
 */
const wakingMilliseconds = 30

/** Rows of each head that are held against float64: the first and the last among them. */
const rowsChecked = 48

/** @typedef {{ readonly name: string, readonly timing: Timing, readonly error: number }} Timed */
/** @typedef {{ readonly name: string, readonly cannot: string }} Failed */

/**
 * @param {readonly ({ readonly name: string, readonly open: () => Promise<Contestant> })[]} entrants
 * @param {{ readonly length: number, readonly dim: number }} sizes
 * @param {number} rounds
 * @param {() => void} betweenRounds
 * @param {number} [waking] milliseconds of calls before a timed one
 * @returns {Promise<readonly (Timed | Failed)[]>} in the order of the entrants
 */
export async function compare(entrants, { length, dim }, rounds, betweenRounds, waking = wakingMilliseconds) {
  const rows = rowsOf(length)
  const entries = await Promise.all(
    entrants.map(async ({ name, open }) => ({ name, ...(await enter(open, rows, dim)) })),
  )
  for (let round = 0; round < rounds; round++) {
    betweenRounds()
    // Whoever went first in the last round goes last in this one.
    for (const entry of round % 2 === 0 ? entries : [...entries].reverse()) {
      if (entry.contestant === undefined) continue
      await setTimeout(pauseMilliseconds)
      await wake(entry.contestant, waking, entry.times.at(-1))
      const start = performance.now()
      const out = await entry.contestant.call()
      entry.times.push(performance.now() - start)
      admit(entry.name, entry.contestant.pick(out, rows), entry.expected, dim)
    }
  }
  for (const { contestant } of entries) await contestant?.destroy()
  return entries.map(({ name, times, error, cannot }) =>
    cannot === undefined ? { name, timing: timingOf(times), error } : { name, cannot },
  )
}

/**
 * @param {Contestant} contestant
 * @param {number} waking
 * @param {number | undefined} last milliseconds of its last call: longer ones see a tick themselves
 */
async function wake(contestant, waking, last = 0) {
  const end = performance.now() + (last < waking ? waking : 0)
  while (performance.now() < end) await contestant.call()
}

/**
 * @param {() => Promise<Contestant>} open
 * @param {readonly number[]} rows
 * @param {number} dim
 */
async function enter(open, rows, dim) {
  const nothing = { contestant: undefined, expected: new Float64Array(), times: [], error: NaN }
  try {
    const contestant = await open()
    const expected = contestant.expected(rows)
    const { whole } = admit(contestant.name, contestant.pick(await contestant.call(), rows), expected, dim)
    return { contestant, expected, times: /** @type {number[]} */ ([]), error: whole, cannot: undefined }
  } catch (thrown) {
    if (thrown instanceof WrongResult) throw thrown
    return {
      ...nothing,
      cannot: (thrown instanceof Error ? thrown.message : String(thrown)).split('\n')[0] ?? '',
    }
  }
}

/** @param {number} length */
function rowsOf(length) {
  const count = Math.min(length, rowsChecked)
  return [
    ...new Set(
      Array.from({ length: count }, (_, n) => Math.round((n * (length - 1)) / Math.max(1, count - 1))),
    ),
  ]
}
