// Every spec in a real browser, against float64, in one page and in a worker of it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from '../../scripts/serve.mjs'
import type { Server } from '../../scripts/serve.mjs'
import { compileOne } from '../numeric/harness.ts'
import type { Sizes } from '../numeric/harness.ts'
import { sized, specs } from '../numeric/small-specs.ts'
import { openBrowser, openPage, recordAdapter } from './harness/browser.ts'
import type { WatchedPage } from './harness/browser.ts'
import { compileInto } from './harness/compiled.ts'
import type { CompiledFolder } from './harness/compiled.ts'
import { errorIn, prepare } from './harness/runs.ts'
import { pagesFolder } from './harness/pages.ts'

/** A whole tile and a cut one, a second chunk, two heads, a shorter item. */
const shapes: readonly Sizes[] = [
  { length: 67, heads: 2, batch: 2, lengths: [67, 40] },
  { length: 5, heads: 2 },
]

/** What f32 keeps, and what it keeps of an estimate whose denominator may come near 0. */
const usual = { deviation: 1, error: 1e-5 }
const conditions: Readonly<Record<string, { readonly deviation: number; readonly error: number }>> = {
  performer_trigonometric: { deviation: 0.5, error: 1e-5 },
  // Six steps of Newton's towards an inverse: `numeric/landmarks.test.ts` says how rounding grows in them.
  nystromformer: { deviation: 1, error: 2e-5 },
  proxyformer: { deviation: 1, error: 2e-5 },
}

const browser = await openBrowser()

describe.runIf(browser)('in Chromium', () => {
  let folder: CompiledFolder
  let server: Server
  let watched: WatchedPage

  beforeAll(async () => {
    folder = await compileInto(Object.fromEntries(specs.map((name) => [name, sized(name)])))
    server = await serve({ modules: folder.path, pages: pagesFolder })
    watched = await openPage(browser!, `${server.origin}/pages/`)
    await recordAdapter(browser!, watched.page)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await folder?.remove()
  })

  it.each(specs)('%s agrees with the reference on WebGPU', async (name) => {
    const { deviation, error } = conditions[name] ?? usual
    const prepared = prepare(compileOne(sized(name)), shapes, 'webgpu', deviation)
    const found = await errorIn(watched.page, 'runHere', prepared)
    expect(found).toMatchObject({
      backend: 'webgpu',
      device: expect.stringMatching(/swiftshader/i) as string,
    })
    expect(found.error).toBeLessThan(error)
    expect(watched.complaints).toEqual([])
  })
})
