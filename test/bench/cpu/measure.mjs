// usage: measure.mjs THREADS LENGTHS ROUNDS: all that is compared on so many threads, as JSON on standard output. A process
// has one number of threads, since ONNX Runtime's WebAssembly keeps what it began with.
import { argv, exit, stderr, stdout } from 'node:process'
import { findPeer } from '../peer.mjs'
import { median } from '../statistics.mjs'
import { normals } from '../tensors.mjs'
import { compare } from './compare.mjs'
import { attncOnWasm, onnxRuntime } from './contestants.mjs'
import { dim, mechanisms } from './mechanisms.mjs'
import { openPeak } from './peak.mjs'

/** @typedef {import('./contestants.mjs').Toolchain} Toolchain */
/** @typedef {import('./mechanisms.mjs').Mechanism} Mechanism */
/** @typedef {import('./compare.mjs').Timed | import('./compare.mjs').Failed} Outcome */

/**
 * @typedef {object} Measured
 * @property {string} mechanism
 * @property {number} heads
 * @property {number} length
 * @property {number} flops of all heads
 * @property {readonly Outcome[]} outcomes
 */

/**
 * @typedef {object} Measurements
 * @property {number} threads
 * @property {string} device
 * @property {number} peak GFLOP/s of one thread, the median of what was measured between rounds
 * @property {readonly string[]} peers with their versions, or why they are not there
 * @property {readonly Measured[]} results
 */

const [threads = 1, , rounds = 9] = argv.slice(2).map(Number)
const lengths = (argv[3] ?? '').split(',').map(Number)
const say = (/** @type {string} */ step) => void stderr.write(`bench: ${step}\n`)

const toolchain = await built()
const native = findPeer(say, 'onnxruntime-node')
const web = findPeer(say, 'onnxruntime-web')
if ('runtime' in web && web.runtime.env) web.runtime.env.wasm.numThreads = threads
// Before anything else is compiled: attnc switches relaxed SIMD on where that can be.
const device = await deviceOf(toolchain)
const peak = await openPeak()
/** @type {number[]} */
const peaks = []

/** @type {Measured[]} */
const results = []
for (const mechanism of mechanisms)
  for (const length of lengths) {
    say(`${threads} threads, ${mechanism.name}, length ${length}`)
    results.push(await atLength(mechanism, length))
  }
/** @type {Measurements} */
const report = {
  threads,
  device,
  peak: median(peaks),
  peers: [native, web].map((peer) => ('missing' in peer ? peer.missing : `${peer.name} ${peer.version}`)),
  results,
}
// ONNX Runtime's workers would keep the process alive.
stdout.write(JSON.stringify(report), () => exit(0))

/** @returns {Promise<Toolchain>} */
async function built() {
  const from = new URL('../../../dist/', import.meta.url)
  const compiler = /** @type {typeof import('../../../compiler/index.ts')} */ (
    await import(new URL('compiler/index.js', from).href)
  )
  const runtime = /** @type {typeof import('../../../runtime/index.ts')} */ (
    await import(new URL('runtime/index.js', from).href)
  )
  return { ...compiler, ...runtime }
}

/**
 * What attnc calls the processor.
 * @param {Toolchain} toolchain
 */
async function deviceOf({ compile, createAttention }) {
  const [module] = mechanisms.flatMap(({ spec }) => compile(spec, { target: 'wasm' }).modules)
  if (module === undefined) throw new Error('nothing compiles for wasm')
  const attention = await createAttention(module.program, { backend: 'wasm', threads })
  attention.destroy()
  return attention.device
}

/**
 * @param {Mechanism} mechanism
 * @param {number} length
 * @returns {Promise<Measured>}
 */
async function atLength(mechanism, length) {
  const { name, heads, deviation, onnx } = mechanism
  const sizes = { heads, length, dim }
  const count = heads * length * dim
  const scaled = (/** @type {number} */ seed) => normals(count, seed).map((entry) => deviation * entry)
  const tensors = { q: scaled(1), k: scaled(2), v: normals(count, 3) }
  const entrants = [{ name: 'attnc', open: () => attncOnWasm(toolchain, mechanism, sizes, tensors, threads) }]
  if (onnx !== undefined && 'runtime' in native) {
    const options = { executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1 }
    const { runtime } = native
    entrants.push({
      name: native.name,
      open: () => onnxRuntime(runtime, native.name, options, onnx, sizes, tensors),
    })
  }
  if (onnx !== undefined && 'runtime' in web) {
    const { runtime } = web
    const options = { executionProviders: ['wasm'] }
    entrants.push({
      name: web.name,
      open: () => onnxRuntime(runtime, web.name, options, onnx, sizes, tensors),
    })
  }
  const outcomes = await compare(entrants, sizes, rounds, () => void peaks.push(peak.measure()))
  return { mechanism: name, heads, length, flops: heads * mechanism.flops(length), outcomes }
}
