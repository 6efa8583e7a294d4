// The backend wasm in Chromium: on workers where the page is cross-origin isolated, on one thread elsewhere, and what
// is said where a page's policy forbids it.
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { layout } from '../../runtime/backends/wasm/layout.ts'
import { serve } from '../../scripts/serve.mjs'
import type { Server } from '../../scripts/serve.mjs'
import { sized, textOf } from '../numeric/small-specs.ts'
import { buildWithVite } from './harness/app.ts'
import { newPage, openBrowser } from './harness/browser.ts'
import { attnc, compileInto } from './harness/compiled.ts'
import type { CompiledFolder } from './harness/compiled.ts'
import { pagesFolder } from './harness/pages.ts'
import type { Long } from './pages/threads.mjs'

const module = '/modules/wasm/softmax.js'

/** The words of a call of `long`, on a page that has workers or has none. */
const words = (module: string, workers: boolean): string =>
  `'${module}', ${JSON.stringify(layout)}, ${workers ? 60_000 : 0}`

const isolated = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

/** Headers of a page that may not compile WebAssembly. */
const forbidding = { 'content-security-policy': `script-src 'self'` }

const gpujs = fileURLToPath(new URL('../../node_modules/gpu.js/dist', import.meta.url))

/** Of a page that was asked for words alone. */
const none: Long = { device: '', ticks: 0, same: false, workers: 0, first: NaN }

const browser = await openBrowser()

describe.runIf(browser)('in Chromium', () => {
  let folder: CompiledFolder
  const servers: Server[] = []

  beforeAll(async () => {
    folder = await compileInto({ softmax: sized('softmax') })
    await attnc(folder.path, 'compile', 'softmax.attn', '--target', 'wasm', '-o', 'wasm')
  })
  afterAll(async () => {
    await browser?.close()
    for (const server of servers) await server.close()
    await folder?.remove()
  })

  /** What an expression of a page gives, where every answer has these headers, and what the page wrote to its console. */
  async function inPage(
    headers: Readonly<Record<string, string>>,
    path: string,
    expression: string,
  ): Promise<{ result: Long; refused: string; said: readonly string[]; requests: readonly string[] }> {
    const folders = { modules: folder.path, pages: pagesFolder, app: join(folder.path, 'app'), gpujs }
    const server = await serve(folders, 0, headers)
    servers.push(server)
    const page = await newPage(browser as Browser)
    await page.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined })
    })
    const said: string[] = []
    page.on('pageerror', (error) => said.push(error.message))
    page.on('console', (message) => said.push(message.text()))
    await page.goto(`${server.origin}${path}`)
    await page.waitForFunction('globalThis.long')
    const result: Long | string = await page.evaluate(expression)
    await page.close()
    const { requests } = server
    return typeof result === 'string'
      ? { result: none, refused: result, said, requests }
      : { result, refused: '', said, requests }
  }

  test('a page that is not isolated computes on its own thread, and that is said once', async () => {
    const { result, said } = await inPage({}, '/pages/threads.html', `long(${words(module, false)})`)
    expect(result).toMatchObject({ same: true, ticks: 0, workers: 0 })
    expect(result.device).toMatch(/^WebAssembly, relaxed SIMD, 1 thread$/)
    expect(said.map((line) => line.replace(/\n[^]*/, ''))).toEqual([
      'attnc: softmax runs on one thread. The page is not cross-origin isolated, which threads need to share memory.',
    ])
  })

  test('an isolated page computes on workers, in the same bits, and goes on meanwhile', async () => {
    const { result, said } = await inPage(isolated, '/pages/threads.html', `long(${words(module, true)})`)
    expect(result.device).toMatch(/, \d+ threads$/)
    expect(result.same).toBe(true)
    expect(result.workers).toBeGreaterThan(0)
    expect(result.ticks).toBeGreaterThan(0)
    expect(said).toEqual([])
  })

  test('a worker of an isolated page has workers of its own', async () => {
    const { result, said } = await inPage(
      isolated,
      '/pages/threads.html',
      `longInWorker(${words(module, true)})`,
    )
    expect(result.device).toMatch(/, \d+ threads$/)
    expect(result.same).toBe(true)
    expect(result.workers).toBeGreaterThan(0)
    expect(said).toEqual([])
  })

  test('so does a page that was built, from nothing but its bundle', async () => {
    const page =
      '<!doctype html><html lang="en"><title>app</title><script type="module" src="./threads.js"></script></html>'
    const program = await readFile(join(pagesFolder, 'threads.mjs'), 'utf8')
    await writeFile(join(folder.path, 'threads.html'), page)
    await writeFile(
      join(folder.path, 'threads.js'),
      `import * as softmax from './wasm/softmax.js'\n${program.replaceAll(/\(await import\(.*?\)\)/g, 'softmax')}`,
    )
    expect(await buildWithVite(folder.path, join(folder.path, 'app'), 'threads.html')).toEqual([])
    const { result, said } = await inPage(isolated, '/app/threads.html', `long(${words('', true)})`)
    expect(result.device).toMatch(/, \d+ threads$/)
    expect(result.same).toBe(true)
    expect(result.workers).toBeGreaterThan(0)
    expect(result.ticks).toBeGreaterThan(0)
    expect(said).toEqual([])
  })

  // Every file apart, as a server compresses them: README.md says how much it is.
  test.each([
    ['linear_transformer', 12.2],
    ['performer', 13.4],
  ])('a built page that falls back loads little for it: %s', async (name, kilobytes) => {
    const page =
      '<!doctype html><html lang="en"><title>app</title><script type="module" src="./fallback.js"></script></html>'
    await writeFile(join(folder.path, `${name}.attn`), textOf(name))
    await attnc(folder.path, 'compile', `${name}.attn`)
    await writeFile(join(folder.path, 'fallback.html'), page)
    const program = await readFile(join(pagesFolder, 'threads.mjs'), 'utf8')
    await writeFile(
      join(folder.path, 'fallback.js'),
      `import * as attention from './${name}.js'\n${program.replaceAll(/\(await import\(.*?\)\)/g, 'attention')}`,
    )
    expect(await buildWithVite(folder.path, join(folder.path, 'app'), 'fallback.html')).toEqual([])
    const { refused, requests } = await inPage({}, '/app/fallback.html', `first('')`)
    expect(refused).toBe('wasm: 2.000')
    const scripts = requests.filter((path) => path.endsWith('.js'))
    const entry = scripts.findIndex((path) => path.includes('/fallback-'))
    // The first file brings what it imports; the drawing of projections is loaded on WebGPU as well.
    const first = await readFile(join(folder.path, scripts[entry] ?? ''), 'utf8')
    const later = scripts
      .slice(entry + 1)
      .filter((path) => !first.includes(`from"./${basename(path)}"`) && !/\/(?:drawn|rows|seed)-/.test(path))
    const sizes = await Promise.all(
      later.map(async (path) => gzipSync(await readFile(join(folder.path, path)), { level: 9 }).length),
    )
    expect(sizes.reduce((sum, size) => sum + size) / 1024).toBeLessThan(kilobytes)
  })

  test('where a policy allows no worker, one thread does, and why is said', async () => {
    const policy = `script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'`
    const headers = { ...isolated, 'content-security-policy': policy }
    const { result, said } = await inPage(headers, '/pages/threads.html', `long(${words(module, false)})`)
    expect(result).toMatchObject({ same: true, workers: 0 })
    expect(said.join('\n')).toContain('attnc: softmax runs on one thread. No worker could be made')
  })

  test('where a policy forbids WebAssembly, that is the reason', async () => {
    const { refused } = await inPage(forbidding, '/pages/threads.html', `refusal('${module}')`)
    expect(refused).toMatch(/^no-wasm: WebAssembly may not be compiled here: .*'wasm-unsafe-eval'/)
  })

  test.each([
    [module, ''],
    ['/modules/softmax.js', 'There is no navigator'],
  ])('and %s runs on the next backend, and says why', async (address, before) => {
    const given = `first('${address}', '/gpujs/gpu-browser.min.js')`
    const { refused, said } = await inPage(forbidding, '/pages/threads.html', given)
    expect(refused).toBe('gpujs: 2.000')
    expect(said.filter((line) => line.startsWith('attnc:'))).toEqual([
      expect.stringMatching(
        new RegExp(
          `^attnc: softmax runs on gpu.js webgl2.*${before}.*may not be compiled here.*'wasm-unsafe-eval'`,
        ),
      ),
    ])
  })

  test('where no backend is left, the reasons of all are the error', async () => {
    const given = `first('/modules/softmax.js')`
    const { refused } = await inPage(forbidding, '/pages/threads.html', given)
    expect(refused).toMatch(
      /^AttentionError: There is no navigator\.gpu.*may not be compiled here.*needs the package gpu\.js/,
    )
  })
})
