// How a process ends that has workers: by itself when it has no more to do, though they sleep.
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { attnc, compileInto } from '../browser/harness/compiled.ts'
import { sized } from '../numeric/small-specs.ts'

test('sleeping workers keep no process alive', async () => {
  const folder = await compileInto({ softmax: sized('softmax') })
  await attnc(folder.path, 'compile', 'softmax.attn', '--target', 'wasm', '-o', 'wasm')
  const script = join(folder.path, 'script.mjs')
  await writeFile(
    script,
    `import { create } from './wasm/softmax.js'
    const attention = await create({ threads: 2 })
    const [length, heads] = [600, 2]
    const x = new Float32Array(attention.dim * heads * length)
    const v = new Float32Array(attention.valueDim * heads * length)
    for (let time = 0; time < 20; time++) {
      await attention.forward({ q: x, k: x, v, length, heads })
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    console.log(attention.device)`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 300_000 })
  expect(stdout.trim()).toMatch(/2 threads$/)
  await folder.remove()
})
