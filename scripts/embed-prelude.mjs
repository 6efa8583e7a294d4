// The prelude is read by people as compiler/prelude.attn and by the compiler as a module, so that the
// compiler needs no file system: a bundle in a browser has none.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const source = new URL('../compiler/prelude.attn', import.meta.url)
const module = new URL('../compiler/prelude.ts', import.meta.url)

/** @param {string} text the prelude as attn source */
export function preludeModule(text) {
  const body = text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')
  return `// Generated from prelude.attn by scripts/embed-prelude.mjs; edit that file and run \`npm run build\`.\nexport const preludeSource: string = \`${body}\`\n`
}

if (process.argv[1] !== undefined && import.meta.url.endsWith('/embed-prelude.mjs')) {
  const text = preludeModule(readFileSync(source, 'utf8'))
  // An unchanged file keeps its time, so that tsc -b has nothing to redo.
  if (!existsSync(module) || readFileSync(module, 'utf8') !== text) writeFileSync(module, text)
}
