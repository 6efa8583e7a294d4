// Generating token by token from a state, against computing the whole prefix anew for each token (Transformers are
// RNNs, section 4.2, where images are generated).
import { compile } from 'attnc'
import { createAttention } from 'attnc/runtime'
import { plot } from '../../dist/compiler/cli/plot.js'
import { normals } from './tensors.mjs'

/** Tokens of an image: MNIST has 784 pixels, CIFAR-10 has 3,072. Heads as in the paper. */
export const images = { 'MNIST, 784 tokens': 784, 'CIFAR-10, 3,072 tokens': 3072 }
const [heads, dim] = [8, 32]

export const name = 'decoding'

const specs = {
  'exact, anew': 'attention exact { dim: 32 scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) mask: causal }',
  'linear, from its state': 'attention linear { dim: 32 feature: elu1 mask: causal }',
}

/** @returns {Promise<{ threads: string, lines: import('../../dist/compiler/cli/plot.js').Line[] }>} milliseconds of the token at each length */
export async function measure(lengths = [98, 196, 392, 784, 1536, 3072], tries = 5) {
  const attentions = {}
  for (const [name, source] of Object.entries(specs))
    attentions[name] = await createAttention(compile(source, { target: 'wasm' }).modules[0].program)
  const [exact, linear] = Object.values(attentions)
  const lines = ['exact, anew', 'exact, from its cache', 'linear, from its state'].map((name) => ({
    name,
    points: [],
  }))
  for (const length of lengths) {
    const [q, k, v] = [1, 2, 3].map((seed) => normals(heads * length * dim, seed))
    const call = { q, k, v, length, heads }
    const token = Object.fromEntries(
      Object.entries({ q, k, v }).map(([name, of]) => [name, lastRows(of, length)]),
    )
    const before = Object.fromEntries(
      Object.entries({ q, k, v }).map(([name, of]) => [name, rowsBefore(of, length)]),
    )
    const states = []
    for (const attention of [exact, linear])
      states.push((await attention.prefill({ ...before, length: length - 1, heads })).state)
    // Gate: a step gives what the whole sequence gives its last row.
    for (const [n, attention] of [exact, linear].entries()) {
      const copy = states[n].copy()
      agree(await attention.step(copy, token), lastRows(await attention.forward(call), length))
      copy.destroy()
    }
    const tokens = (attention, state) => async () => {
      const copy = state.copy()
      const started = performance.now()
      // Tokens are short: some of them for one look at the clock.
      for (let n = 0; n < 20; n++) await attention.step(copy, token)
      const time = (performance.now() - started) / 20
      copy.destroy()
      return time
    }
    const ways = [
      () => timeOf(() => exact.forward(call)),
      tokens(exact, states[0]),
      tokens(linear, states[1]),
    ]
    const times = ways.map(() => [])
    for (let round = 0; round < tries; round++)
      for (const [way, time] of ways.entries()) times[way].push(await time())
    times.forEach((of, way) => lines[way].points.push([length, median(of)]))
    for (const state of states) state.destroy()
  }
  return { threads: exact.device, lines }
}

export const draw = ({ lines }) => plot(lines, 'tokens before', 'milliseconds a token')

/** Time over that of the linear transformer, one image at a time on a processor, as the paper reports them. */
const paper = {
  'MNIST, 784 tokens': { anew: '13.2 ×', cached: '1.3 ×' },
  'CIFAR-10, 3,072 tokens': { anew: '192 ×', cached: '1.6 ×' },
}

export function text({ threads, lines: [anew, cached, linear] }) {
  const rows = Object.entries(images).map(([image, tokens]) => {
    const [whole, kept, own] = [anew, cached, linear].map(({ points }) => upTo(points, tokens))
    const here = [whole, kept].map((time) => `${round(time / own)} ×`)
    return `| ${image} | ${paper[image].anew} | ${here[0]} | ${paper[image].cached} | ${here[1]} |`
  })
  return `## Decoding against computing anew

Time of an image by exact attention over that of a linear transformer, which goes on from its state: _Transformers are
RNNs_ (Katharopoulos et al., ICML 2020), one image at a time on a processor. Exact attention computes the whole prefix
anew for each token, or goes on from a cache of keys and values, as attnc decodes it, too. The paper's figures are of
whole models, which have much beside attention. Here it is the attention alone, ${heads} heads of ${dim}, on
${threads}. In batches that fill a GPU the paper has 317 × and 4,462 × anew, 18.9 × and 55.8 × from a cache.

![Milliseconds a token against tokens before](results/decoding.svg)

| image | anew, the paper | anew, here | from a cache, the paper | from a cache, here |
| --- | ---: | ---: | ---: | ---: |
${rows.join('\n')}`
}

const round = (ratio) => (ratio < 100 ? ratio.toPrecision(2) : String(Math.round(ratio)))

/** Milliseconds of all tokens up to a length, between the measured lengths by straight lines. */
function upTo(points, tokens) {
  let sum = 0
  let [at, time] = [0, points[0][1]]
  for (const [length, next] of points.filter(([length]) => length <= tokens)) {
    sum += ((time + next) / 2) * (length - at)
    ;[at, time] = [length, next]
  }
  return sum
}

/** Of [heads, length, dim] the last row of each head. */
const lastRows = (of, length) => rows(of, length, length - 1, length)
const rowsBefore = (of, length) => rows(of, length, 0, length - 1)

function rows(of, length, from, to) {
  const found = new Float32Array(heads * (to - from) * dim)
  for (let head = 0; head < heads; head++)
    found.set(of.subarray((head * length + from) * dim, (head * length + to) * dim), head * (to - from) * dim)
  return found
}

function agree(found, wanted) {
  const worst = found.reduce((most, one, n) => Math.max(most, Math.abs(one - wanted[n])), 0)
  if (!(worst < 1e-4)) throw new Error(`a step is ${worst} from the whole sequence`)
}

async function timeOf(run) {
  const started = performance.now()
  await run()
  return performance.now() - started
}

const median = (of) => of.toSorted((one, other) => one - other)[of.length >> 1]
