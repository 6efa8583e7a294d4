// The report for people: sentences and a table in Markdown, ready for a README.
import { table } from '../table.mjs'

/** @typedef {import('./measure.mjs').Measurements} Measurements */
/** @typedef {import('./measure.mjs').Outcome} Outcome */

/**
 * @param {readonly Measurements[]} measured by number of threads
 * @param {number} rounds
 */
export function printReport(measured, rounds) {
  const [first] = measured
  if (first === undefined) return 'Nothing was measured.'
  const names = [...new Set(first.results.flatMap(({ outcomes }) => outcomes.map(({ name }) => name)))]
  const head = [
    '',
    'heads',
    'length',
    'threads',
    ...names.flatMap((name) => (name === 'attnc' ? [name, 'GFLOP/s', 'of peak'] : [name])),
  ]
  const rows = first.results.flatMap(({ mechanism, heads, length }, index) =>
    measured.map(({ threads, peak, results }) => {
      const { flops, outcomes } = results[index] ?? { flops: NaN, outcomes: [] }
      const cells = names.flatMap((name) => {
        const found = outcomes.find((outcome) => outcome.name === name)
        return name === 'attnc' ? [time(found), ...rate(found, flops, threads * peak)] : [time(found)]
      })
      return [mechanism, `${heads}`, length.toLocaleString('en'), `${threads}`, ...cells]
    }),
  )
  return [
    `Milliseconds a call, arrays to arrays: the median of ${rounds}, in turn, short ones after some that are not timed, f32, batch 1, dim 64. attnc on ${first.device.replace(/, \d+ threads?$/, '')}; ${first.peers.join('; ')}. ` +
      `One thread does at most ${digits(first.peak)} GFLOP/s here, in a product by tiles of 4 × 8; GFLOP/s count the ` +
      'fewest operations that each definition takes.',
    table(head, rows, 1),
  ].join('\n\n')
}

/** @param {Outcome | undefined} outcome */
function time(outcome) {
  if (outcome === undefined) return '–'
  return 'cannot' in outcome ? 'cannot' : digits(outcome.timing.median)
}

/**
 * @param {Outcome | undefined} outcome
 * @param {number} flops
 * @param {number} peak GFLOP/s
 */
function rate(outcome, flops, peak) {
  if (outcome === undefined || 'cannot' in outcome) return ['–', '–']
  const reached = flops / outcome.timing.median / 1e6
  return [digits(reached), `${Math.round((100 * reached) / peak)} %`]
}

/**
 * Three digits that count, at most three decimals.
 * @param {number} value
 */
function digits(value) {
  const decimals = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
  return value.toFixed(decimals)
}
