// The compiler in a browser: bundled by Vite without anything of Node.js, it compiles there, and what it makes runs.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type * as library from '../../compiler/index.ts'
import { check } from '../../compiler/index.ts'
import { serve } from '../../scripts/serve.mjs'
import type { Server } from '../../scripts/serve.mjs'
import { compileOne } from '../numeric/harness.ts'
import { sized } from '../numeric/small-specs.ts'
import { openBrowser, openPage } from './harness/browser.ts'
import type { WatchedPage } from './harness/browser.ts'
import { buildWithVite } from './harness/app.ts'
import { pagesFolder } from './harness/pages.ts'
import { errorIn, prepare } from './harness/runs.ts'

declare global {
  var attnc: typeof library
}

let folder: string
let warnings: readonly string[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attnc-compiler-'))
  warnings = await buildWithVite(pagesFolder, folder, 'compiler.html')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a module of Node.js in a bundle would be told of', async () => {
  const root = join(folder, 'node')
  await mkdir(root)
  await writeFile(join(root, 'index.html'), '<script type="module" src="./index.js"></script>')
  await writeFile(join(root, 'index.js'), "import { join } from 'node:path'\nconsole.log(join)\n")
  expect(await buildWithVite(root, join(root, 'out'), 'index.html')).toEqual([
    expect.stringMatching(/"node:path" has been externalized/),
  ])
})

test('Vite bundles the compiler without replacing or leaving out a module', () => {
  expect(warnings).toEqual([])
})

// Pages that only run modules load none of it.
test('what a page loads for the compiler with all its targets is below 280 KB, zipped', async () => {
  const assets = join(folder, 'assets')
  const [chunk = ''] = (await readdir(assets)).filter((name) => /^compiler-.*\.js$/.test(name))
  const bytes = gzipSync(await readFile(join(assets, chunk)), { level: 9 }).length
  expect(bytes).toBeGreaterThan(200 * 1024)
  expect(bytes).toBeLessThan(280 * 1024)
})

const browser = await openBrowser()

describe.runIf(browser)('in Chromium', () => {
  let server: Server
  let watched: WatchedPage

  beforeAll(async () => {
    server = await serve({ app: folder })
    watched = await openPage(browser!, `${server.origin}/app/compiler.html`)
    await watched.page.waitForFunction(() => 'runHere' in globalThis)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  test('a spec is compiled in the page and its kernels agree with the reference', async () => {
    const prepared = prepare(compileOne(sized('performer_relu')), [{ length: 35, heads: 2 }], 'webgpu')
    const { error, backend } = await errorIn(watched.page, 'runHere', prepared)
    expect(backend).toBe('webgpu')
    expect(error).toBeLessThan(1e-5)
    expect(watched.complaints).toEqual([])
  })

  test('what is wrong with a spec is said there, too', async () => {
    const wrong = 'attention a { dim: 0 kernal: 1 }'
    const found = await watched.page.evaluate((text) => globalThis.attnc.check(text).diagnostics, wrong)
    expect(found.length).toBeGreaterThan(0)
    expect(found).toEqual(check(wrong).diagnostics)
  })
})
