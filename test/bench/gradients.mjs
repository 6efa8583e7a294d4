// npm run bench -- --gradients: how long forward and backward take together, as a multiple of forward alone, on wasm and
// webgpu, from arrays to arrays. Gradients are held against the float64 reference first, all of them for a few rows and
// those of the first queries at each length, which later rows may not change. Calls alternate, and what is shown are medians.
import { stdout } from 'node:process'
import { openDevice } from './device.mjs'
import { median } from './statistics.mjs'
import { normals } from './tensors.mjs'

/** @typedef {import('./run.mjs').Toolchain} Toolchain */
/** @typedef {import('../../runtime/index.ts').Attention} Attention */

const dim = 64
const heads = 2
/** Rows of the float64 reference. */
const checkedRows = 128
const allowed = 1e-3

const mechanisms = {
  'linear, elu + 1': `attention measured { dim: ${dim} feature: elu1 mask: causal }`,
  'performer, 256 projections': `attention measured { dim: ${dim} scale: 1 / sqrt(dim) feature: favor projections: 256 orthogonal seed 42 mask: causal }`,
  softmax: `attention measured { dim: ${dim} scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) mask: causal }`,
}

/**
 * @param {Toolchain} toolchain
 * @param {import('./options.mjs').Options} options
 * @param {(step: string) => void} say
 * @returns {Promise<number>} the exit code: 1 where a gradient was wrong
 */
export async function benchmarkGradients(toolchain, { lengths, rounds, threads, icd }, say) {
  const { device, name, notes } = await openDevice(toolchain.nodeGpu, icd)
  for (const note of notes) say(note)
  const places = [
    ...threads.map((count) => ({
      where: `wasm, ${count} thread${count === 1 ? '' : 's'}`,
      target: /** @type {const} */ ('wasm'),
      options: { threads: count },
    })),
    { where: `webgpu, ${name}`, target: /** @type {const} */ ('webgpu'), options: { device } },
  ]
  const table = ['| mechanism | where | rows | forward, ms | backward, ms | both over forward |']
  table.push('| --- | --- | --- | --- | --- | --- |')
  let wrong = 0
  for (const [mechanism, spec] of Object.entries(mechanisms))
    for (const { where, target, options } of places) {
      const [module] = toolchain.compile(spec, { target }).modules
      if (module === undefined) throw new Error(`${mechanism} does not compile for ${target}`)
      const [attention, reference] = await Promise.all([
        toolchain.createAttention(module.program, { backend: target, ...options }),
        toolchain.createAttention(module.program, { backend: 'reference' }),
      ])
      for (const length of lengths) {
        say(`${mechanism}, ${where}, length ${length}`)
        const off = await errorOf(attention, reference, length)
        if (!(off <= allowed)) {
          wrong++
          table.push(`| ${mechanism} | ${where} | ${length} | wrong by ${off.toExponential(1)} | | |`)
          continue
        }
        const { forward, backward } = await times(attention, length, rounds)
        const ratio = ((forward + backward) / forward).toFixed(2)
        table.push(
          `| ${mechanism} | ${where} | ${length} | ${forward.toFixed(1)} | ${backward.toFixed(1)} | ${ratio} |`,
        )
      }
      attention.destroy()
      reference.destroy()
    }
  device.destroy()
  stdout.write(`${table.join('\n')}\n`)
  return wrong > 0 ? 1 : 0
}

/** @param {number} length */
function callOf(length) {
  const rows = (/** @type {number} */ seed) => normals(heads * length * dim, seed)
  return { batch: 1, heads, length, q: rows(1), k: rows(2), v: rows(3), dout: rows(4) }
}

/**
 * The largest error of gradients, relative to their largest entry.
 * @param {Attention} attention
 * @param {Attention} reference
 * @param {number} length
 */
async function errorOf(attention, reference, length) {
  const rows = Math.min(length, checkedRows)
  const [whole, few] = [callOf(length), { ...callOf(length), length: rows }]
  for (const name of /** @type {const} */ (['q', 'k', 'v', 'dout']))
    few[name] = firstRows(whole[name], length, rows)
  const [truth, found, long] = [
    await reference.backward(few),
    await attention.backward(few),
    await attention.backward(whole),
  ]
  return Math.max(
    .../** @type {const} */ (['dq', 'dk', 'dv']).map((name) => relative(found[name], truth[name])),
    relative(firstRows(long.dq, length, rows), truth.dq),
  )
}

/**
 * @param {Float32Array} of [heads, length, dim]
 * @param {number} length
 * @param {number} rows
 */
function firstRows(of, length, rows) {
  const out = new Float32Array(heads * rows * dim)
  for (let head = 0; head < heads; head++)
    out.set(of.subarray(head * length * dim, (head * length + rows) * dim), head * rows * dim)
  return out
}

/**
 * @param {Float32Array} found
 * @param {Float32Array} truth
 */
function relative(found, truth) {
  const largest = truth.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0)
  const off = truth.reduce((most, entry, n) => {
    const own = Math.abs(entry - (found[n] ?? Number.NaN))
    return own <= most ? most : own
  }, 0)
  return off / largest
}

/**
 * Medians of alternating calls, in milliseconds.
 * @param {Attention} attention
 * @param {number} length
 * @param {number} rounds
 */
async function times(attention, length, rounds) {
  const { dout, ...call } = callOf(length)
  const taken = { forward: /** @type {number[]} */ ([]), backward: /** @type {number[]} */ ([]) }
  for (let round = 0; round <= rounds; round++) {
    const begun = performance.now()
    await attention.forward(call)
    const between = performance.now()
    await attention.backward({ ...call, dout })
    const ended = performance.now()
    // The first round is to warm up.
    if (round === 0) continue
    taken.forward.push(between - begun)
    taken.backward.push(ended - between)
  }
  return { forward: median(taken.forward), backward: median(taken.backward) }
}
