// Time and memory of forward and backward against the length (Transformers are RNNs, figure 1; Performers, figure 3).
import { compile, referenceGradients } from 'attnc'
import { createAttention } from 'attnc/runtime'
import { fastest } from './clock.mjs'
import { bytesOf } from './memory.mjs'
import { plot } from '../../dist/compiler/cli/plot.js'
import { slope } from './slope.mjs'
import { normals } from './tensors.mjs'

const dim = 32
const specs = {
  softmax: `attention softmax { dim: ${dim} scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) mask: causal }`,
  linear: `attention linear { dim: ${dim} feature: elu1 mask: causal }`,
}
/** Exact attention is not taken further than a processor goes in seconds. */
const farthest = { softmax: 2 ** 13, linear: 2 ** 16 }

export const name = 'lengths'

/** @returns {Promise<{ device: string, lines: import('../../dist/compiler/cli/plot.js').Line[], memory: import('../../dist/compiler/cli/plot.js').Line[] }>} */
export async function measure(from = 9, to = 16, tries = 4) {
  const [lines, memory] = [[], []]
  let device = ''
  for (const [name, source] of Object.entries(specs)) {
    const [module] = compile(source, { target: 'wasm' }).modules
    const attention = await createAttention(module.program, { threads: 1 })
    device = attention.device
    await gate(attention, source, name)
    const gradients = (await module.program.gradients()).program
    const points = { forward: [], both: [], bytes: [] }
    for (let power = from; power <= to && 2 ** power <= farthest[name]; power++) {
      const length = 2 ** power
      const [q, k, v, dout] = [1, 2, 3, 4].map((seed) => normals(length * dim, seed))
      const call = { q, k, v, length }
      const [forward, backward] = await fastest(tries, [
        () => attention.forward(call),
        () => attention.backward({ ...call, dout }),
      ])
      points.forward.push([length, forward])
      points.both.push([length, forward + backward])
      points.bytes.push([length, bytesOf(gradients.forms.backward, { length, heads: 1 })])
    }
    lines.push({ name: `${name}, forward`, points: points.forward })
    lines.push({ name: `${name}, with backward`, points: points.both })
    memory.push({ name, points: points.bytes })
    attention.destroy()
  }
  return { device, lines, memory }
}

export const draw = ({ lines }) => plot(lines, 'length', 'milliseconds')

export function text({ device, lines, memory }) {
  const rows = lines.map(({ name, points }) => {
    // Short calls are all overhead.
    const long = points.slice(-3)
    return `| ${name} | ${slope(long).toFixed(2)} |`
  })
  const bytes = memory.map(({ name, points }) => `${name} ${slope(points).toFixed(2)}`)
  return `## Time and memory against length

One head of ${dim}, causal, on ${device}. _Transformers are RNNs_, figure 1, and _Performers_, figure 3: softmax is quadratic in time
and memory, linear attention linear in both. Here exact attention keeps no matrix either, so that its memory is linear, too.

![Milliseconds against length](results/lengths.svg)

| | slope of time at the three longest; the papers' are 2 and 1 |
| --- | ---: |
${rows.join('\n')}

Slopes of the memory that gradients take, all buffers of the call: ${bytes.join(', ')}.`
}

/** Gradients at a length that the float64 reference takes in no time. */
async function gate(attention, source, name) {
  const length = 65
  const [q, k, v, dout] = [1, 2, 3, 4].map((seed) => normals(length * dim, seed))
  const call = { q, k, v, dout, length, keyLength: length, batch: 1, heads: 1, kvHeads: 1 }
  const wanted = referenceGradients(source, name)(call)
  const found = await attention.backward(call)
  for (const of of ['dq', 'dk', 'dv']) {
    const norm = (numbers) => Math.sqrt(numbers.reduce((sum, one) => sum + one ** 2, 0))
    const error = norm(wanted[of].map((one, n) => one - found[of][n])) / norm(wanted[of])
    if (!(error < 1e-4)) throw new Error(`${of} of ${name} is ${error} from float64`)
  }
}
