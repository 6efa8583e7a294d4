// npm run bench: causal linear attention, compiled by attnc, beside the WebGPU operator LinearAttention of ONNX
// Runtime, on one device in one run. Both get the same tensors; attnc computes the features and the denominator
// besides. Results are held against float64 before and while they are timed, calls alternate, and what is shown are
// medians. Beside the times of attnc stands what the cost model expects of the device. With --cpu it is processors that are compared, see cpu/run.mjs. Beside the times stand the device's own times of attnc's dispatches, and what a copy and a matrix product reach.
//
// It runs attnc as built in dist/. ONNX Runtime is installed into test/bench/node_modules when it is not there, since
// the package itself does not depend on it; without npm or a network the rest runs without it. A copy for another
// machine takes dist/, test/bench/ (with ONNX Runtime where that has been installed) and the package's dependencies.
import { argv, exit, stderr, stdout, versions } from 'node:process'
import { benchmark, dim, heads, spec } from './benchmark.mjs'
import { benchmarkCpu } from './cpu/run.mjs'
import { leadPeerTo, openDevice } from './device.mjs'
import { readOptions, usage } from './options.mjs'
import { benchmarkGradients } from './gradients.mjs'
import { findPeer } from './peer.mjs'
import { printReport } from './report.mjs'

exit(await main().catch(failed))

/** @typedef {Awaited<ReturnType<typeof built>>} Toolchain */

async function built() {
  const compiler = /** @type {typeof import('../../compiler/index.ts')} */ (
    await fromBuild('compiler/index.js')
  )
  const costs = /** @type {typeof import('../../compiler/schedule/cost.ts')} */ (
    await fromBuild('compiler/schedule/cost.js')
  )
  const devices = /** @type {typeof import('../../compiler/cost/device.ts')} */ (
    await fromBuild('compiler/cost/device.js')
  )
  const estimates = /** @type {typeof import('../../compiler/cost/estimate.ts')} */ (
    await fromBuild('compiler/cost/estimate.js')
  )
  const nearest = /** @type {typeof import('../../compiler/cost/nearest.ts')} */ (
    await fromBuild('compiler/cost/nearest.js')
  )
  const runtime = /** @type {typeof import('../../runtime/index.ts')} */ (await fromBuild('runtime/index.js'))
  const node = /** @type {typeof import('../../runtime/node-gpu.ts')} */ (
    await fromBuild('runtime/node-gpu.js')
  )
  const software = /** @type {typeof import('../../runtime/backends/webgpu/node/software.ts')} */ (
    await fromBuild('runtime/backends/webgpu/node/software.js')
  )
  return { ...compiler, ...costs, ...devices, ...estimates, ...nearest, ...runtime, ...node, ...software }
}

/**
 * @param {string} path in dist/
 * @returns {Promise<unknown>}
 */
async function fromBuild(path) {
  try {
    return await import(new URL(`../../dist/${path}`, import.meta.url).href)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`dist/${path} does not load (${reason}). Build first: npm run build`, { cause })
  }
}

/** @returns {Promise<number>} the exit code: 1 where a result was wrong */
async function main() {
  const options = readOptions(argv.slice(2))
  if (options.help) {
    stdout.write(`${usage}\n`)
    return 0
  }
  if (options.cpu) return benchmarkCpu(options)
  if (options.gradients) return benchmarkGradients(await built(), options, say)
  const { nodeGpu, softwareDriver, ...toolchain } = await built()
  const { device, name, details, notes } = await openDevice(nodeGpu, options.icd)
  for (const note of notes) say(note)
  say(`device: ${name}`)
  const found = options.peer
    ? findPeer(say, 'onnxruntime-node')
    : { missing: 'It was not asked for (--no-peer)' }
  if ('missing' in found) say(found.missing)
  else await leadPeerTo(name, options.icd, softwareDriver)
  const runtime = 'runtime' in found ? found.runtime : undefined
  const model = toolchain.profileFor(Object.values(details).join(' '), details.software)
  say(toolchain.inWords(model, name))
  const measured = await benchmark(toolchain, device, model, runtime, options, say)
  const report = {
    device: { name, ...details },
    peer: 'runtime' in found ? { version: found.version } : found,
    node: versions.node,
    spec,
    sizes: { batch: 1, heads, dim },
    rounds: options.rounds,
    model: { ...model, words: toolchain.inWords(model, name) },
    ...measured,
  }
  stdout.write(`${options.json ? JSON.stringify(report, undefined, 2) : printReport(report)}\n`)
  return measured.results.some((result) => 'refused' in result) ? 1 : 0
}

/** @param {string} step */
function say(step) {
  stderr.write(`bench: ${step}\n`)
}

/**
 * @param {unknown} thrown
 * @returns {number}
 */
function failed(thrown) {
  say(thrown instanceof Error ? thrown.message : String(thrown))
  return 2
}
