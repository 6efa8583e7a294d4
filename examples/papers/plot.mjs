// Lines over two logarithmic axes, as SVG that follows the colour of the text around it.

const [width, height, left, bottom, top, right] = [760, 400, 64, 44, 16, 210]
const colours = ['#4269d0', '#e3781c', '#3c9d4b', '#a463f2', '#9c6b4e', '#ff725c']

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {readonly (readonly [number, number])[]} points
 */

/**
 * @param {readonly Line[]} lines
 * @param {string} across what the horizontal axis has, with its unit
 * @param {string} up likewise
 * @returns {string}
 */
export function plot(lines, across, up) {
  const all = lines.flatMap(({ points }) => points)
  const x = scale(
    all.map(([at]) => at),
    left,
    width - right,
  )
  const y = scale(
    all.map(([, value]) => value),
    height - bottom,
    top,
  )
  const place = (/** @type {number} */ of) => of.toFixed(1)
  const marks = [...new Set(all.map(([at]) => at))].sort((one, other) => one - other)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">`,
    `<title>${up} against ${across}</title>`,
    ...decades(all.map(([, value]) => value)).map(
      (value) =>
        `<path d="M${left} ${place(y(value))}H${width - right}" stroke="currentColor" opacity="0.15"/>` +
        `<text x="${left - 8}" y="${place(y(value) + 4)}" text-anchor="end">${short(value)}</text>`,
    ),
    ...marks.map((at) => `<text x="${place(x(at))}" y="${height - 24}" text-anchor="middle">${at}</text>`),
    `<text x="${(left + width - right) / 2}" y="${height - 6}" text-anchor="middle">${across}</text>`,
    `<text x="14" y="${height / 2}" text-anchor="middle" transform="rotate(-90 14 ${height / 2})">${up}</text>`,
    ...lines.map(({ name, points }, n) => {
      const colour = colours[n % colours.length]
      const path = points.map(([at, value]) => `${place(x(at))},${place(y(value))}`).join(' ')
      const row = top + 12 + 18 * n
      return (
        `<polyline fill="none" stroke-width="1.8" stroke="${colour}" points="${path}"/>` +
        `<path d="M${width - right + 12} ${row}h20" stroke-width="1.8" stroke="${colour}"/>` +
        `<text x="${width - right + 38}" y="${row + 4}">${name}</text>`
      )
    }),
    '</svg>',
    '',
  ].join('\n')
}

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

/**
 * @param {readonly number[]} values
 * @param {number} from where the smallest lies
 * @param {number} to
 */
function scale(values, from, to) {
  const [low, high] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))]
  return (/** @type {number} */ value) => from + ((Math.log10(value) - low) / (high - low || 1)) * (to - from)
}

/** @param {readonly number[]} values */
function decades(values) {
  const [low, high] = [
    Math.ceil(Math.log10(Math.min(...values))),
    Math.floor(Math.log10(Math.max(...values))),
  ]
  return Array.from({ length: Math.max(0, high - low + 1) }, (_, n) => 10 ** (low + n))
}

const short = (/** @type {number} */ value) =>
  value >= 0.01 && value < 10_000 ? String(value) : value.toExponential(0)
