// Compiles the attentions for the page and serves it.
//
//     node examples/copy-task/serve.mjs
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { serve } from '../../scripts/serve.mjs'
import { specOf } from './spec.mjs'
import { settings } from './training.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { width, heads } = settings.small
mkdirSync(here('modules'), { recursive: true })
writeFileSync(here('modules/attentions.attn'), specOf(width / heads))
const words = ['compile', 'attentions.attn', '--target', 'wasm']
execFileSync(process.execPath, [here('../../dist/compiler/cli.js'), ...words], {
  cwd: here('modules'),
  stdio: ['ignore', 'ignore', 'inherit'],
})
const { origin } = await serve({ 'copy-task': here('.'), jax: here('../../node_modules/@jax-js/jax/dist') })
console.log(`${origin}/copy-task/ (Ctrl+C ends it)`)
