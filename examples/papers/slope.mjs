// How a measured value grows with what it was measured against.

/**
 * The exponent p of value ∝ at^p, by least squares.
 *
 * @param {readonly (readonly [number, number])[]} points
 */
export function slope(points) {
  const logs = points.map(([at, value]) => [Math.log2(at), Math.log2(value)])
  const mean = (/** @type {number} */ n) => logs.reduce((sum, one) => sum + (one[n] ?? 0), 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const moment = (/** @type {number} */ n, /** @type {number} */ of) =>
    logs.reduce((sum, one) => sum + ((one[0] ?? 0) - x) * ((one[n] ?? 0) - of), 0)
  return moment(1, y) / moment(0, x)
}
