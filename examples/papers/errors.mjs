// How far estimated attention is from exact attention, against the number of projections (Performers, figure 4).
import { compile } from 'attnc'
import { createAttention } from 'attnc/runtime'
import { plot } from '../../dist/compiler/cli/plot.js'
import { slope } from './slope.mjs'
import { normals } from './tensors.mjs'

/** The setting of the figure: 4,096 rows of 16 numbers, 15 samples. */
export const paper = { length: 4096, dim: 16, samples: 15, counts: [16, 32, 64, 128, 256] }

/** Feature, coupling, and the standard deviation of entries of q and k: 1/2 makes scaled rows 1 long, and 1 makes them 2. */
const estimators = {
  positive: ['favor', 'orthogonal', 0.5],
  'positive, independent': ['favor', 'iid', 0.5],
  trigonometric: ['favor_trigonometric', 'orthogonal', 0.5],
  'trigonometric, independent': ['favor_trigonometric', 'iid', 0.5],
  'positive, long rows': ['favor', 'orthogonal', 1],
  'trigonometric, long rows': ['favor_trigonometric', 'orthogonal', 1],
}

export const name = 'errors'

/**
 * @param {typeof paper} setting
 * @returns {Promise<{ lines: import('../../dist/compiler/cli/plot.js').Line[] }>} mean squared errors of the result
 */
export async function measure({ length, dim, samples, counts } = paper) {
  const exact = await attention(`attention exact { dim: ${dim} scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) }`)
  const callsOf = (deviation) =>
    Array.from({ length: samples }, (_, sample) => {
      const [q, k, v] = [deviation, deviation, 1].map((by, n) =>
        normals(length * dim, 3 * sample + n + 1).map((one) => by * one),
      )
      return { q, k, v, length }
    })
  const lines = []
  for (const [name, [feature, coupling, deviation]] of Object.entries(estimators)) {
    const calls = callsOf(deviation)
    const wanted = []
    for (const call of calls) wanted.push(await exact.forward(call))
    const points = []
    for (const count of counts) {
      const estimate = await attention(
        `attention estimate { dim: ${dim} scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) feature: ${feature} ` +
          `projections: ${count} ${coupling} }`,
      )
      let sum = 0
      for (const [sample, call] of calls.entries()) {
        estimate.redraw(sample + 1)
        sum += squaredError(await estimate.forward(call), wanted[sample])
      }
      points.push([count, sum / samples])
      estimate.destroy()
    }
    lines.push({ name, points })
  }
  exact.destroy()
  return { lines }
}

export const draw = ({ lines }) => plot(lines, 'projections m', 'mean squared error')

export function text({ lines }) {
  const [positive, independent, trigonometric, independentTrigonometric, long, longTrigonometric] = lines
  const ratio = (one, other) => {
    const all = one.points.map(([, error], n) => error / other.points[n][1])
    return `${short(Math.min(...all))} to ${short(Math.max(...all))} ×`
  }
  const slopes = [positive, trigonometric].map(({ name, points }) => `${slope(points).toFixed(2)} (${name})`)
  return `## Error against the number of projections

Mean squared error of the result against exact softmax attention, at the setting of figure 4 of _Rethinking Attention with
Performers_ (Choromanski et al., ICLR 2021): ${paper.length} normal rows of ${paper.dim} numbers, ${paper.samples} samples, each with projections of its
own, m from ${paper.counts[0]} to ${paper.counts.at(-1)}. The paper calls its rows appropriately normalised. Here they are 1 long after scaling, and
2 where it says long. Projections are orthogonal but where it says independent. Errors do not depend on the machine.

![Mean squared error against projections](results/errors.svg)

| the paper's claim | here |
| --- | --- |
| orthogonal projections estimate better than independent ones | so for trigonometric features: independent ones have ${ratio(independentTrigonometric, trigonometric)} the error. Hardly for positive ones: ${ratio(independent, positive)}; theorem 2 promises those 2 (m − 1) / (m (d + 2)) of the square of what a score is above exp(−(q·q + k·k) / 2), which is a tenth of its variance at rows this short |
| positive features estimate better than trigonometric ones | so for long rows, where trigonometric ones have ${ratio(longTrigonometric, long)} the error: their denominators come near 0. Not for short rows: ${ratio(trigonometric, positive)}, since their variance is smaller where scores are near 1 (section 2.3 there, and figure 2) |
| errors fall with m | slopes ${slopes.join(', ')}; a variance alone falls as 1 / m |`
}

const short = (value) => (value < 1000 ? value.toPrecision(2) : value.toExponential(0))

/** @param {string} source */
async function attention(source) {
  const [module] = compile(source, { target: 'wasm' }).modules
  return createAttention(module.program)
}

function squaredError(found, wanted) {
  let sum = 0
  for (let n = 0; n < wanted.length; n++) sum += (found[n] - wanted[n]) ** 2
  return sum / wanted.length
}
