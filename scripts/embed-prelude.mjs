// The prelude is read by people as compiler/prelude.attn and by the compiler as a module, so that the
// compiler needs no file system: a bundle in a browser has none.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

const source = new URL('../compiler/prelude.attn', import.meta.url)
const target = new URL('../compiler/prelude.ts', import.meta.url)

/**
 * @param {string} prelude attn source
 * @returns {string} the TypeScript module that exports it; without the text of comments, which a page would load for
 *   nobody to read, and with their lines, so that places are those of the file
 */
export function preludeModule(prelude) {
  const literal = withoutComments(prelude)
    .replaceAll('\\', '\\\\')
    .replaceAll('`', '\\`')
    .replaceAll('${', '\\${')
  return `// Generated from prelude.attn by scripts/embed-prelude.mjs; edit that file and run \`npm run build\`.
export const preludeSource: string = \`${literal}\`
`
}

/** @param {string} prelude */
export const withoutComments = (prelude) => prelude.replaceAll(/^#.*$/gm, '')

if (argv[1] === fileURLToPath(import.meta.url)) {
  const text = preludeModule(readFileSync(source, 'utf8'))
  // An unchanged file keeps its time, so that tsc -b has nothing to redo.
  if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text)
}
