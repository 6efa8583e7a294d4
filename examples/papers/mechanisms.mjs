// Time and memory of mechanisms beside exact attention, at the setting of Proxyformer's experiments.
import { compile } from 'attnc'
import { createAttention } from 'attnc/runtime'
import { fastest } from './clock.mjs'
import { bytesOf } from './memory.mjs'
import { plot } from '../../dist/compiler/cli/plot.js'
import { normals } from './tensors.mjs'

/** Two heads of 32; 128 rows, landmarks or features wherever a mechanism has a number of them (Lee et al. 2024). */
export const setting = { heads: 2, dim: 32, lengths: [1024, 2048, 4096, 8192], tries: 5 }
const compared = 4096

const exact = 'kernel: exp(dot(q, k)) scale: 1 / sqrt(dim)'
const blocks =
  'i < 64 || j < 64 || floor(i / 64) == floor((length - 1) / 64) || floor(j / 64) == floor((length - 1) / 64) ' +
  '|| abs(floor(i / 64) - floor(j / 64)) <= 1 ' +
  '|| random(floor(i / 64), floor(j / 64), 0) * (floor((length + 63) / 64) - 5) < 3'
const mechanisms = {
  softmax: exact,
  proxyformer: `${exact} landmarks: 128 learned`,
  nystromformer: `${exact} landmarks: 128 segment_means pinv: 6 conv: 35`,
  linformer: `${exact} compress: 128 learned`,
  reformer: `${exact} buckets: 64 rounds 2 chunk 64 seed 42`,
  bigbird: `${exact} mask: ${blocks}`,
  performer: `${exact} feature: favor projections: 128 orthogonal seed 42`,
  linear: 'feature: elu1',
}

export const name = 'mechanisms'

/** @returns {Promise<{ device: string, lines: import('../../dist/compiler/cli/plot.js').Line[], bytes: Record<string, number> }>} milliseconds of forward */
export async function measure({ heads, dim, lengths, tries } = setting) {
  const bytes = {}
  const lines = Object.keys(mechanisms).map((name) => ({ name, points: [] }))
  const programs = Object.entries(mechanisms).map(([name, members]) => {
    const source = `attention ${name} { dim: ${dim} ${members} }`
    return compile(source, { target: 'wasm' }).modules[0].program
  })
  let device = ''
  for (const length of lengths) {
    const call = callOf(length, heads, dim)
    const attentions = []
    for (const [n, program] of programs.entries()) {
      const attention = await createAttention(program, weightsOf(lines[n].name, heads, length, dim))
      attentions.push(attention)
      device = attention.device
      if (length === lengths[0]) await gate(program, lines[n].name, { heads, dim })
      if (length === compared) bytes[lines[n].name] = bytesOf(program.forms.forward, { length, heads })
      await attention.forward(call)
    }
    const times = await fastest(
      tries,
      attentions.map((attention) => () => attention.forward(call)),
    )
    times.forEach((time, n) => lines[n].points.push([length, time]))
    for (const attention of attentions) attention.destroy()
  }
  return { device, lines, bytes }
}

export const draw = ({ lines }) => plot(lines, 'length', 'milliseconds')

export function text({ device, lines, bytes }) {
  const { heads, dim } = setting
  const at = (name) => lines.find((line) => line.name === name).points.find(([n]) => n === compared)[1]
  // The scores and the weights of each head, which training keeps, beside inputs and result.
  const matrices = 4 * heads * (2 * compared ** 2 + 4 * compared * dim)
  const rows = lines.map(
    ({ name }) =>
      `| ${name} | ${(at('softmax') / at(name)).toPrecision(2)} × | ` +
      `${(bytes[name] / bytes.softmax).toPrecision(2)} × | ${(bytes[name] / matrices).toPrecision(2)} × |`,
  )
  return `## Mechanisms at length 4096

The setting of _Proxyformer_ (Lee et al., AAAI 2024): ${heads} heads of ${dim}, 128 landmarks, pooled rows or features, 2 rounds of
hashes, blocks of 64. It reports 3.8 × the throughput of full attention in 0.08 × its memory for its model on an RTX 3090.
Here it is the attention alone, forward, on ${device}. Softmax is attnc's own, which keeps no matrix of scores; the last column is
against one that does.

![Milliseconds against length](results/mechanisms.svg)

| | throughput over softmax | memory, softmax of attnc = 1 | memory, with matrices of scores = 1 |
| --- | ---: | ---: | ---: |
${rows.join('\n')}`
}

const callOf = (length, heads, dim) => {
  const [q, k, v] = [1, 2, 3].map((seed) => normals(heads * length * dim, seed))
  return { q, k, v, length, heads }
}

function weightsOf(name, heads, length, dim) {
  if (name === 'proxyformer') return { weights: { landmarks: normals(heads * 128 * dim, 4) } }
  if (name === 'nystromformer') return { weights: { conv: normals(heads * 35, 4).map((one) => one / 10) } }
  if (name === 'linformer') {
    const pooling = (seed) => normals(heads * 128 * length, seed).map((one) => one / Math.sqrt(length))
    return { weights: { compressKeys: pooling(4), compressValues: pooling(5) } }
  }
  return {}
}

/** What is timed is right: within f32's rounding of the float64 reference, at a length that it takes in no time. */
async function gate(program, name, { heads, dim }) {
  const length = 257
  const options = weightsOf(name, heads, length, dim)
  const results = []
  for (const backend of ['wasm', 'reference']) {
    const attention = await createAttention(program, { ...options, backend })
    results.push(await attention.forward(callOf(length, heads, dim)))
    attention.destroy()
  }
  const [found, wanted] = results
  const norm = (numbers) => Math.sqrt(numbers.reduce((sum, one) => sum + one ** 2, 0))
  const error = norm(wanted.map((one, n) => one - found[n])) / norm(wanted)
  if (!(error < 1e-4)) throw new Error(`${name} is ${error} from float64`)
}
