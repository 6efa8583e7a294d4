// Compiles what the page needs and serves it.
//
//     npm run example:browser
import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { serve } from '../../scripts/serve.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const port = Number(process.env.PORT ?? 8123)

execFileSync(
  process.execPath,
  [here('../../dist/compiler/cli.js'), 'compile', 'attentions.attn', '-o', 'modules'],
  {
    cwd: here('.'),
    stdio: ['ignore', 'ignore', 'inherit'],
  },
)
// For browsers without WebGPU.
copyFileSync(here('../../node_modules/gpu.js/dist/gpu-browser.min.js'), here('modules/gpu-browser.min.js'))
// A port that is taken is no reason to stop.
const { origin } = await serve({ attention: here('.') }, port).catch(() => serve({ attention: here('.') }))
console.log(`${origin}/attention/ (Ctrl+C ends it)`)
