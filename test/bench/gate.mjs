// No time is shown of a result that is wrong: every result that was timed passes here.

/** Of the whole result: what f32 sums of this length cost, with room. */
const wholeTolerance = 1e-5
/** Of any one row against its own size, so that no row hides behind larger ones. */
const rowTolerance = 1e-4

/**
 * Distances relative to what was expected.
 * @typedef {object} Distance
 * @property {number} whole
 * @property {number} worstRow
 */

/** A contestant computed something else than it should have. */
export class WrongResult extends Error {}

/**
 * @param {ArrayLike<number>} found
 * @param {ArrayLike<number>} expected
 * @param {number} width numbers in a row
 * @returns {Distance}
 */
export function distance(found, expected, width) {
  let error = 0
  let size = 0
  let worstRow = 0
  for (let row = 0; row < expected.length; row += width) {
    let rowError = 0
    let rowSize = 0
    for (let index = row; index < row + width; index++) {
      const wanted = expected[index] ?? NaN
      rowError += ((found[index] ?? NaN) - wanted) ** 2
      rowSize += wanted ** 2
    }
    error += rowError
    size += rowSize
    // Math.max keeps NaN, which a comparison would lose.
    worstRow = Math.max(worstRow, rowError === 0 ? 0 : Math.sqrt(rowError / rowSize))
  }
  return { whole: error === 0 ? 0 : Math.sqrt(error / size), worstRow }
}

/**
 * @param {string} name of the contestant
 * @param {ArrayLike<number>} found
 * @param {ArrayLike<number>} expected
 * @param {number} width numbers in a row
 * @returns {Distance}
 * @throws {WrongResult}
 */
export function admit(name, found, expected, width) {
  const far = distance(found, expected, width)
  const { whole, worstRow } = far
  // Written so that a distance that is not a number fails.
  if (found.length === expected.length && whole <= wholeTolerance && worstRow <= rowTolerance) return far
  throw new WrongResult(
    `${name} is wrong, so there is nothing to time: ${found.length} numbers of ${expected.length}, ` +
      `${whole.toExponential(1)} from float64 (at most ${wholeTolerance}), ` +
      `its worst row ${worstRow.toExponential(1)} (at most ${rowTolerance})`,
  )
}
