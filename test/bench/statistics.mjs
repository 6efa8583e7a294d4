// What is kept of repeated timings: the middle, and how far the middle half of them spreads.

/**
 * Milliseconds.
 * @typedef {object} Timing
 * @property {number} median
 * @property {number} lower the first quartile
 * @property {number} upper the third quartile
 * @property {number} least what is nearest the truth where others use the machine, too
 * @property {number} samples
 */

/**
 * @param {readonly number[]} samples
 * @returns {Timing}
 */
export function timingOf(samples) {
  const sorted = [...samples].sort((left, right) => left - right)
  return {
    median: quantile(sorted, 0.5),
    lower: quantile(sorted, 0.25),
    upper: quantile(sorted, 0.75),
    least: sorted[0] ?? NaN,
    samples: sorted.length,
  }
}

/** @param {readonly number[]} samples */
export const median = (samples) => timingOf(samples).median

/**
 * Between two samples, the point on the line through them.
 * @param {readonly number[]} sorted
 * @param {number} fraction
 */
function quantile(sorted, fraction) {
  const place = (sorted.length - 1) * fraction
  const below = sorted[Math.floor(place)] ?? NaN
  const above = sorted[Math.ceil(place)] ?? NaN
  return below + (above - below) * (place - Math.floor(place))
}
