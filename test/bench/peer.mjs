// Gets ONNX Runtime for the benchmark alone, on demand: it is large, and nothing else needs it.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:process'
import { fileURLToPath } from 'node:url'

/** @typedef {import('./contestants/onnxruntime.mjs').Runtime} Runtime */
/** @typedef {{ runtime: Runtime, name: string, version: string } | { missing: string }} Peer */
/** @typedef {'onnxruntime-node' | 'onnxruntime-web'} PeerName */

const here = fileURLToPath(new URL('.', import.meta.url))
const binaries = new URL('node_modules/onnxruntime-node/bin/napi-v6/', import.meta.url)

/**
 * @param {(step: string) => void} say
 * @param {PeerName} name
 * @returns {Peer} the package, or a sentence on why it is not to be had
 */
export function findPeer(say, name) {
  if (!isInstalled(name)) {
    say(`installing ${name} into test/bench/node_modules`)
    // Its install script would fetch libraries for CUDA.
    const words = ['ci', '--prefix', here, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    const { status, error, stderr } = spawnSync('npm', words, { encoding: 'utf8', timeout: 600_000 })
    if (status !== 0) {
      const reason = error?.message ?? (readable(stderr) || `npm ended with ${status}`)
      return { missing: `${name} is not installed, and npm ci --prefix test/bench failed: ${reason}` }
    }
    removeForeignBinaries()
  }
  try {
    const load = createRequire(import.meta.url)
    const described = readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8')
    const { version } = /** @type {{ version: string }} */ (JSON.parse(described))
    return { runtime: /** @type {Runtime} */ (load(name)), name, version }
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown)
    return { missing: `${name} does not load here: ${reason}` }
  }
}

/**
 * The first lines of what npm says when it fails.
 * @param {string} output
 */
function readable(output) {
  const lines = output.split('\n').map((line) => line.replace(/^npm (error|ERR!) /, ''))
  return lines.slice(0, 3).join(', ')
}

/** @param {PeerName} name */
function isInstalled(name) {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

/** Of 300 MB, five sixths are for other systems and processors. */
function removeForeignBinaries() {
  for (const system of readdirSync(binaries))
    for (const processor of readdirSync(new URL(`${system}/`, binaries)))
      if (system !== platform || processor !== arch)
        rmSync(new URL(`${system}/${processor}/`, binaries), { recursive: true })
}
