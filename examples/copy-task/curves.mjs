// Losses against steps as SVG, for a file or a page.

const [width, height, left, bottom, top, right] = [720, 400, 52, 36, 34, 16]
const colours = { softmax: '#4269d0', linear: '#e3781c', performer: '#3c9d4b' }

/**
 * @param runs [{ name, losses }]; a name that goes on after a comma is drawn dashed, in the same colour
 * @param title of the picture
 * @param every how many steps a loss stands for
 */
export function curves(runs, title, every = 1) {
  const steps = Math.max(2, ...runs.map(({ losses }) => losses.length))
  const most = Math.max(0.1, ...runs.flatMap(({ losses }) => smooth(losses).map(([, loss]) => loss)))
  const x = (step) => left + ((step - 1) / (steps - 1)) * (width - left - right)
  const y = (loss) => top + (1 - loss / most) * (height - top - bottom)
  const ticks = [0, 0.25, 0.5, 0.75, 1]
  const lines = runs.map(({ name, losses }, n) => {
    const [kind, other] = name.split(', ')
    const points = smooth(losses).map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`)
    const look = `stroke="${colours[kind] ?? '#666'}"${other ? ' stroke-dasharray="5 4"' : ''}`
    const place = top + 16 * n
    return (
      `<polyline fill="none" stroke-width="1.8" ${look} points="${points.join(' ')}"/>` +
      `<path d="M${width - 190} ${place}h24" stroke-width="1.8" ${look}/>` +
      `<text x="${width - 160}" y="${place + 4}">${name}</text>`
    )
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">`,
    `<title>${title}</title><text x="${left}" y="18" font-weight="600">${title}</text>`,
    ...ticks.map((share) => {
      const [loss, step] = [share * most, Math.round(1 + share * (steps - 1))]
      return (
        `<path d="M${left} ${y(loss).toFixed(1)}H${width - right}" stroke="currentColor" opacity="0.15"/>` +
        `<text x="${left - 8}" y="${(y(loss) + 4).toFixed(1)}" text-anchor="end">${loss.toFixed(2)}</text>` +
        `<text x="${x(step).toFixed(1)}" y="${height - 14}" text-anchor="middle">${step * every}</text>`
      )
    }),
    ...lines,
    '</svg>',
  ].join('\n')
}

/** Means of neighbouring losses, at most 200 of them, each at the last of its steps. */
function smooth(losses) {
  const many = Math.max(1, Math.ceil(losses.length / 200))
  const means = []
  for (let start = 0; start < losses.length; start += many) {
    const part = losses.slice(start, start + many)
    means.push([start + part.length, part.reduce((sum, loss) => sum + loss, 0) / part.length])
  }
  return means
}
