/** Drawings of what was measured. */

/** One line of a drawing. */
export interface Line {
  readonly name: string
  /** Of numbers above 0. */
  readonly points: readonly (readonly [number, number])[]
  /** For what the others are held against. */
  readonly dashed?: boolean
}

const [width, height] = [720, 360]
const frame = { left: 60, right: 470, top: 20, bottom: 310 }
const colours = ['#4269d0', '#e3781c', '#3c9d4b', '#a463f2', '#9c6b4e', '#ff725c']

/**
 * Lines over two logarithmic axes, as an SVG that takes the colour of the text around it.
 *
 * @param across what the horizontal axis has
 * @param up likewise
 */
export function plot(lines: readonly Line[], across: string, up: string): string {
  const all = lines.flatMap(({ points }) => points)
  const marks = [...new Set(all.map(([at]) => at))].toSorted((one, other) => one - other)
  const values = all.map(([, value]) => value)
  const heights = decades(values)
  const x = logarithmic(marks, frame.left, frame.right)
  const y = logarithmic([...values, ...heights], frame.bottom, frame.top)
  const middle = (frame.top + frame.bottom) / 2
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">`,
    `<title>${up} against ${across}</title>`,
    ...heights.map(
      (value) =>
        `<path d="M${frame.left} ${y(value)}H${frame.right}" stroke="currentColor" opacity="0.2"/>` +
        `<text x="${frame.left - 6}" y="${y(value)}" dy="4" text-anchor="end">${value}</text>`,
    ),
    ...marks.map((at) => `<text x="${x(at)}" y="${frame.bottom}" dy="18" text-anchor="middle">${at}</text>`),
    `<text x="${(frame.left + frame.right) / 2}" y="${height - 8}" text-anchor="middle">${across}</text>`,
    `<text transform="translate(14 ${middle}) rotate(-90)" text-anchor="middle">${up}</text>`,
    ...lines.flatMap(({ name, points, dashed }, index) => {
      const stroke = `stroke="${colours[index % colours.length]}" stroke-width="2" fill="none"${dashed === true ? ' stroke-dasharray="5 4"' : ''}`
      const legend = frame.top + 10 + 20 * index
      return [
        `<polyline ${stroke} points="${points.map(([at, value]) => `${x(at)},${y(value)}`).join(' ')}"/>`,
        `<path ${stroke} d="M${frame.right + 14} ${legend}h22"/>`,
        `<text x="${frame.right + 42}" y="${legend}" dy="4">${name}</text>`,
      ]
    }),
    '</svg>',
    '',
  ].join('\n')
}

/** The powers of ten around these values. */
function decades(values: readonly number[]): number[] {
  const [least, most] = [
    Math.floor(Math.log10(Math.min(...values))),
    Math.ceil(Math.log10(Math.max(...values))),
  ]
  return Array.from({ length: most - least + 1 }, (_, index) => Number(`1e${least + index}`))
}

function logarithmic(values: readonly number[], from: number, to: number): (value: number) => string {
  const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))]
  const span = most - least || 1
  return (value) => (from + ((to - from) * (Math.log(value) - least)) / span).toFixed(1)
}
