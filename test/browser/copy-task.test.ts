// The page of the copy task: it trains where nothing is installed, and draws while it does.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { specOf } from '../../examples/copy-task/spec.mjs'
import { serve } from '../../scripts/serve.mjs'
import type { Server } from '../../scripts/serve.mjs'
import { openBrowser, openPage } from './harness/browser.ts'
import { attnc } from './harness/compiled.ts'

const browser = await openBrowser()
const path = (of: string): string => fileURLToPath(new URL(`../../${of}`, import.meta.url))

describe.runIf(browser)('in Chromium', () => {
  let folder: string
  let server: Server

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attnc-copy-task-'))
    const example = path('examples/copy-task')
    await cp(example, folder, { recursive: true, filter: (of) => !of.startsWith(join(example, 'modules')) })
    await writeFile(join(folder, 'attentions.attn'), specOf(8))
    await attnc(folder, 'compile', 'attentions.attn', '--only', 'linear', '--target', 'wasm', '-o', 'modules')
    server = await serve({ 'copy-task': folder, jax: path('node_modules/@jax-js/jax/dist') })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('trains and draws the losses', async () => {
    const sizes = 'steps=30&length=8&width=16&heads=2&layers=1&batch=16&rate=0.01&later=0.01'
    const address = `${server.origin}/copy-task/?device=wasm&only=linear&${sizes}`
    const { page, complaints } = await openPage(browser!, address)
    await page.click('#start')
    await page.waitForFunction(() => document.querySelector('#status')?.textContent?.startsWith('Trained'))
    expect(complaints).toEqual([])
    const points = await page.getAttribute('#plot polyline', 'points')
    const heights = points!.split(' ').map((point) => Number(point.split(',')[1]))
    expect(heights).toHaveLength(30)
    // Lower on the page is a smaller loss.
    expect(heights.at(-1)).toBeGreaterThan(heights[0]!)
    expect(heights.every(Number.isFinite)).toBe(true)
  })
})
