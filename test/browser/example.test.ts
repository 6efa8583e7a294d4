// The example page as visitors meet it: by keyboard, by screen reader, in light and dark, on a narrow screen,
// and where there is no WebGPU.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serve } from '../../scripts/serve.mjs'
import type { Server } from '../../scripts/serve.mjs'
import { openBrowser, openPage } from './harness/browser.ts'
import { attnc } from './harness/compiled.ts'

const browser = await openBrowser()

describe.runIf(browser)('in Chromium', () => {
  let folder: string
  let server: Server
  let address: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attnc-example-'))
    const example = fileURLToPath(new URL('../../examples/browser', import.meta.url))
    await cp(example, folder, {
      recursive: true,
      filter: (path) => !path.startsWith(join(example, 'modules')),
    })
    await attnc(folder, 'compile', 'attentions.attn', '-o', 'modules')
    const library = fileURLToPath(
      new URL('../../node_modules/gpu.js/dist/gpu-browser.min.js', import.meta.url),
    )
    await cp(library, join(folder, 'modules/gpu-browser.min.js'))
    server = await serve({ example: folder })
    address = `${server.origin}/example/`
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('plots, errors and times on WebGPU, all of it by keyboard', async () => {
    const context = await browser!.newContext()
    await context.addInitScript(() => {
      // The page would leave SwiftShader alone, which says that it is a processor.
      const claims = {
        isFallbackAdapter: false,
        description: 'GPU of the test',
        device: '',
        architecture: '',
      }
      for (const [name, value] of Object.entries(claims))
        Object.defineProperty(GPUAdapterInfo.prototype, name, { get: () => value })
    })
    const { page, complaints } = await openPage(context, address)
    await done(page)
    expect(await page.locator('#status').textContent()).toMatch(/^webgpu on GPU of the test\./)
    expect(await error(page)).toBeGreaterThan(0.01)
    expect(await error(page)).toBeLessThan(await share(page, '#uniform'))
    expect(await page.locator('#softmax-time').textContent()).toMatch(/^[\d.]+ ms$/)
    expect(await page.locator('#performer-time').textContent()).toMatch(/^[\d.]+ ms$/)
    expect(await size(page, '#softmax')).toEqual([128, 128])

    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowLeft')
    await done(page)
    expect(await page.getByRole('slider', { name: 'Length' }).inputValue()).toBe('96')
    expect(await size(page, '#performer')).toEqual([96, 96])

    const [before, exact] = [await pixels(page, '#performer'), await pixels(page, '#softmax')]
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await done(page)
    expect(await page.getByRole('spinbutton', { name: 'Projections, by seed' }).inputValue()).toBe('2')
    expect(await pixels(page, '#performer')).not.toBe(before)
    expect(await pixels(page, '#softmax')).toBe(exact)

    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    await done(page)
    expect(await page.getByRole('checkbox', { name: /^Causal/ }).isChecked()).toBe(true)
    const named = page.getByRole('img', {
      name: /estimate .* 96 by 96 .* right of the diagonal.* relative error of/,
    })
    expect(await named.count()).toBe(1)
    expect(await error(page)).toBeLessThan(await share(page, '#uniform'))
    expect(await cornerIsEmpty(page)).toBe(true)

    const light = await appearance(page)
    await page.emulateMedia({ colorScheme: 'dark' })
    // Styles follow at once; the page hears of it, and draws, with the next frame.
    await expect.poll(async () => (await appearance(page)).plot, { timeout: 300_000 }).not.toBe(light.plot)
    expect((await appearance(page)).paper).not.toBe(light.paper)
    expect(complaints).toEqual([])
    await context.close()
  })

  test('without WebGPU it runs on WebAssembly, without both on gpu.js; where that is missing, too, it says so', async () => {
    const context = await browser!.newContext({ viewport: { width: 360, height: 700 } })
    await context.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined })
    })
    const { page } = await openPage(context, address)
    await done(page)
    expect(await page.locator('#status').textContent()).toMatch(/^wasm on /)
    await context.addInitScript(() => {
      WebAssembly.validate = () => false
    })
    await page.reload()
    await done(page)
    expect(await page.locator('#status').textContent()).toMatch(/^gpujs on /)
    expect(await error(page)).toBeLessThan(await share(page, '#uniform'))
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)

    await context.route('**/gpu-browser.min.js', (route) => route.abort())
    await page.reload()
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toMatch(/needs WebGPU, or WebAssembly/)
    expect(await page.locator('#performer-error').textContent()).toBe('–')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    await context.close()
  })
})

const done = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => {
    const status = document.getElementById('status')?.textContent ?? ''
    return (
      status.includes(`length ${document.querySelector('input')?.value},`) &&
      document.getElementById('plots')?.ariaBusy === 'false'
    )
  })

const share = async (page: Page, place: string): Promise<number> =>
  Number.parseFloat((await page.locator(place).textContent()) ?? '') / 100

const error = (page: Page): Promise<number> => share(page, '#performer-error')

const size = (page: Page, place: string): Promise<number[]> =>
  page.locator(place).evaluate((canvas: HTMLCanvasElement) => [canvas.width, canvas.height])

const pixels = (page: Page, place: string): Promise<string> =>
  page.locator(place).evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL())

/** Whether the corner that a causal mask hides has one colour, and the other corner another. */
const cornerIsEmpty = (page: Page): Promise<boolean> =>
  page.locator('#performer').evaluate((canvas: HTMLCanvasElement) => {
    const { width } = canvas
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, width)
    const at = (x: number, y: number): string =>
      String(data.slice((y * width + x) * 4, (y * width + x + 1) * 4))
    return at(width - 1, 0) === at(width - 1, width - 2) && at(width - 1, 0) !== at(0, 0)
  })

const appearance = async (page: Page): Promise<{ paper: string; plot: string }> => ({
  paper: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
  plot: await pixels(page, '#softmax'),
})
