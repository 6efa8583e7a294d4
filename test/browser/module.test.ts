// What a compiled module promises its page: nothing happens before create, nothing is fetched that is not used,
// a worker does as well, and a lost device has a name and an end.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serve } from '../../scripts/serve.mjs'
import type { Server } from '../../scripts/serve.mjs'
import { compileOne, relativeError } from '../numeric/harness.ts'
import { sized } from '../numeric/small-specs.ts'
import { openBrowser, openPage } from './harness/browser.ts'
import { buildApp } from './harness/app.ts'
import { compileInto } from './harness/compiled.ts'
import type { CompiledFolder } from './harness/compiled.ts'
import { errorIn, prepare } from './harness/runs.ts'
import { pagesFolder } from './harness/pages.ts'

const text = sized('softmax')
const built = compileOne(text)
const prepared = prepare(built, [{ length: 35, heads: 2 }], 'webgpu')
const { module } = prepared.run

/** Parts of the runtime that a page with WebGPU has no use for. */
const unused = /node|reference|gpujs|gpu\.js/

declare global {
  var adapterRequests: number
}

const browser = await openBrowser()

describe.runIf(browser)('in Chromium', () => {
  let folder: CompiledFolder
  let server: Server

  beforeAll(async () => {
    folder = await compileInto({ softmax: text })
    server = await serve({ modules: folder.path, pages: pagesFolder, app: `${folder.path}/app` })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await folder?.remove()
  })

  test('importing a module fetches its graph and asks for no adapter; create fetches nothing unused', async () => {
    const context = await browser!.newContext()
    await context.addInitScript(() => {
      globalThis.adapterRequests = 0
      const requestAdapter = navigator.gpu.requestAdapter.bind(navigator.gpu)
      navigator.gpu.requestAdapter = (options) => {
        globalThis.adapterRequests++
        return requestAdapter(options)
      }
    })
    const { page, complaints } = await openPage(context, `${server.origin}/pages/`)
    const asked = (): Promise<number> => page.evaluate(() => globalThis.adapterRequests)

    server.requests.length = 0
    // In a string: what runs the tests would rewrite an import.
    expect(await page.evaluate(`import('${module}').then(Object.keys)`)).toEqual(['create', 'program'])
    await page.waitForLoadState('networkidle')
    expect(await asked()).toBe(0)
    expect(server.requests).toContain('/modules/attnc-runtime/create.js')
    expect(server.requests.filter((path) => !path.startsWith('/modules/') || unused.test(path))).toEqual([])

    const { error } = await errorIn(page, 'runHere', prepared)
    expect(error).toBeLessThan(1e-5)
    expect(await asked()).toBe(1)
    expect(server.requests.filter((path) => unused.test(path))).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  test('a processor that plays a GPU is left alone where nobody asks for it, and the page is told', async () => {
    const { page, complaints } = await openPage(browser!, `${server.origin}/pages/`)
    const { backend: _, ...run } = prepared.run
    const { error, backend } = await errorIn(page, 'runHere', { ...prepared, run })
    expect(backend).toBe('wasm')
    expect(error).toBeLessThan(1e-5)
    expect(complaints).toEqual([expect.stringMatching(/^attnc: softmax runs on WebAssembly.*offers no GPU/)])
    await page.close()
  })

  test('a module runs in a Web Worker', async () => {
    const { page, complaints } = await openPage(browser!, `${server.origin}/pages/`)
    const { error, backend } = await errorIn(page, 'runInWorker', prepared)
    expect(backend).toBe('webgpu')
    expect(error).toBeLessThan(1e-5)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a page whose device is lost is told so by name, and goes on with a new one', async () => {
    const { page, complaints } = await openPage(browser!, `${server.origin}/pages/`)
    const { pending, later, output } = await page.evaluate((run) => globalThis.loseDevice(run), prepared.run)
    expect(pending).toMatchObject({ name: 'AttentionError', code: 'device-lost' })
    expect(later).toMatchObject({ name: 'AttentionError', code: 'device-lost' })
    expect(later?.message).toMatch(/Create a new attention with create\(\)/)
    expect(relativeError(output, prepared.wanted[0]!)).toBeLessThan(1e-5)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a Vite build of an app runs as the modules do, without a warning', async () => {
    const warnings = await buildApp(folder.path, module.replace('/modules/', './'))
    expect(warnings).toEqual([])
    server.requests.length = 0
    const { page, complaints } = await openPage(browser!, `${server.origin}/app/`)
    await page.waitForFunction(() => 'runHere' in globalThis)
    const { error, backend } = await errorIn(page, 'runHere', prepared)
    expect(backend).toBe('webgpu')
    expect(error).toBeLessThan(1e-5)
    expect(complaints).toEqual([])
    expect(server.requests.filter((path) => unused.test(path))).toEqual([])
    await page.close()
  })
})
