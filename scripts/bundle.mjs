// The command line with all that it imports in a few files, since Node.js takes longer to find and read a thousand small
// ones than most commands take to run. What a command alone needs is in files of its own, which it loads. The modules of
// the library stay as they are beside it, for whoever imports them.
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const program = 'compiler/cli.js'

rmSync(join(dist, 'cli'), { recursive: true, force: true })
const bundle = await rolldown({
  input: { [program]: join(dist, 'compiler/cli/attnc.js') },
  platform: 'node',
  // Packages of the user's, which may be missing.
  external: ['webgpu', 'gpu.js'],
})
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name]',
  chunkFileNames: 'cli/[name].js',
})
await bundle.close()

// npm sets this bit when it installs a package, but not for `npx attnc` inside a checkout.
chmodSync(join(dist, program), 0o755)

const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
writeFileSync(join(dist, 'cli/LICENSES.txt'), licences(modules))

/**
 * What the licences of bundled packages ask for: their texts beside the copies.
 *
 * @param {readonly string[]} modules paths
 * @returns {string}
 */
function licences(modules) {
  const folders = new Set(modules.filter((path) => path.includes('node_modules')).map(packageOf))
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = manifestOf(folder)
    const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
    if (file === undefined) throw new Error(`${name} is bundled and has no file with its licence`)
    return `${name} ${version}, ${license}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
  })
  return texts.join(`\n${'─'.repeat(80)}\n\n`)
}

/**
 * @param {string} path of a module
 * @returns {string} the folder of its package
 */
function packageOf(path) {
  const folder = dirname(path)
  // Some packages mark folders inside them with a nameless one.
  return existsSync(join(folder, 'package.json')) && manifestOf(folder).name !== undefined
    ? folder
    : packageOf(folder)
}

/** @typedef {{ name?: string, version?: string, license?: string }} Manifest */

/** @param {string} folder of a package */
function manifestOf(folder) {
  const text = readFileSync(join(folder, 'package.json'), 'utf8')
  return /** @type {Manifest} */ (JSON.parse(text))
}
