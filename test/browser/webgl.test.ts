// The runtime of the target gpujs on WebGL 2, with programs written by hand: what only textures can get wrong.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { programFrom } from '../../compiler/codegen/description.ts'
import { printModule } from '../../compiler/codegen/module.ts'
import { runtimeFolder } from '../../compiler/codegen/runtime-imports.ts'
import { shadersOf } from '../../runtime/backends/gpujs/shaders.ts'
import { serve } from '../../scripts/serve.mjs'
import type { Server } from '../../scripts/serve.mjs'
import { difference } from '../gpujs/difference.ts'
import { cachedMeans, softmaxCells } from '../gpujs/programs.ts'
import { numbers, randomCall, softmaxAttention } from '../runtime/expected.ts'
import type { Call } from '../runtime/expected.ts'
import { recordDevice } from '../setup/devices.ts'
import { openBrowser, openPage } from './harness/browser.ts'
import { pagesFolder } from './harness/pages.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const browser = await openBrowser()
const softmax = softmaxCells(4, 3)
const { forward } = softmax.forms
const inBlocks = { ...softmax, name: 'inBlocks', forms: { forward: { ...forward, rows: 'apart' } } } as const

/** As it goes to a page. */
const plain = (call: Partial<Call> & { lengths?: readonly number[] }): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(call).map(([name, value]) => [name, value instanceof Float32Array ? [...value] : value]),
  )

describe.runIf(browser)('on WebGL 2', () => {
  let folder: string
  let server: Server
  let page: Page
  let complaints: readonly string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attnc-webgl-'))
    await cp(join(root, 'dist/runtime'), join(folder, runtimeFolder), { recursive: true })
    for (const { path, text } of [softmax, inBlocks, cachedMeans(3)].flatMap((program) => [
      ...printModule(program),
    ])) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    const gpujs = join(root, 'node_modules/gpu.js/dist')
    server = await serve({ modules: folder, pages: pagesFolder, gpujs })
    const opened = await openPage(browser!, `${server.origin}/pages/webgl.html`)
    ;({ page, complaints } = opened)
    await page.waitForFunction('globalThis.page')
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const ask = (name: string, ...given: readonly unknown[]): Promise<unknown> =>
    page.evaluate(`globalThis.page.${name}(...${JSON.stringify(given)})`)
  const errorOf = async (
    sizes: Parameters<typeof randomCall>[0],
    lengths?: number[],
    name = 'softmaxCells',
  ): Promise<number> => {
    const call = randomCall(sizes, 4, 3)
    const out = (await ask('forward', name, plain({ ...call, ...(lengths && { lengths }) }))) as number[]
    return difference(Float32Array.from(out), softmaxAttention(call, 4, 3, lengths))
  }

  test('numbers are those of the host, in any shape, past a thousand rounds of a loop and the side of a texture', async () => {
    const device = String(await ask('open', 'softmaxCells'))
    expect(device).toMatch(/^gpu\.js webgl2 · .*SwiftShader/)
    recordDevice(`Chromium ${browser!.version()} (${device})`)
    expect(await errorOf({ length: 1 })).toBeLessThan(1e-5)
    expect(await errorOf({ length: 9, keyLength: 5, heads: 2 })).toBeLessThan(1e-5)
    expect(await errorOf({ length: 3, keyLength: 8, batch: 2, heads: 4, kvHeads: 2 }, [8, 3])).toBeLessThan(
      1e-5,
    )
    expect(await errorOf({ length: 1, keyLength: 9001 })).toBeLessThan(1e-5)
    expect(await errorOf({ length: 9001, keyLength: 3 })).toBeLessThan(1e-5)
  })

  test('its shaders are those that the compiler writes beside the kernels', async () => {
    const given = (await ask('shaders')) as string[]
    for (const text of Object.values(await shadersOf(programFrom(softmaxCells(4, 3)))))
      expect(given).toContain(text)
  })

  test('many calls leave no textures behind', async () => {
    const call = plain(randomCall({ length: 2 }, 4, 3))
    const before = await ask('texturesAfter', 'softmaxCells', call, 5)
    expect(await ask('texturesAfter', 'softmaxCells', call, 300)).toBe(before)
  })

  test('nor does a large one leave its numbers', async () => {
    expect(await errorOf({ length: 60, heads: 2 })).toBeLessThan(1e-5)
    expect(await ask('cells')).toBeLessThan(60)
  })

  test('in blocks of rows, more pairs than there is room for', async () => {
    await ask('open', 'inBlocks')
    expect(await errorOf({ length: 2500, keyLength: 2000 }, undefined, 'inBlocks')).toBeLessThan(1e-5)
    await ask('close', 'inBlocks')
  })

  test('an attention goes on when another one goes, of which the kernels were made later', async () => {
    expect(await errorOf({ length: 5 })).toBeLessThan(1e-5)
  })

  test('a state goes on past its room; a copy of it goes its own way', async () => {
    const values = numbers(2 * 70 * 3, 9)
    const rows = (from: number, length: number): number[] =>
      [0, 70].flatMap((head) => [...values.subarray((head + from) * 3, (head + from + length) * 3)])
    const call = (from: number, length: number): Record<string, unknown> => ({
      q: new Array(2 * length).fill(0),
      k: new Array(2 * length).fill(0),
      v: rows(from, length),
      heads: 2,
    })
    const meansAt = (token: number): Float64Array =>
      Float64Array.from({ length: 6 }, (_, index) => {
        let sum = 0
        for (let row = 0; row <= token; row++)
          sum += values[(Math.floor(index / 3) * 70 + row) * 3 + (index % 3)]!
        return sum / (token + 1)
      })
    await ask('open', 'cachedMeans')
    const tokens = Array.from({ length: 8 }, (_, index) => call(61 + index, 1))
    const found = (await ask('decode', 'cachedMeans', { ...call(0, 61), length: 61 }, tokens)) as {
      outputs: number[][]
      again: number[]
      capacity: number
      count: number[]
    }
    for (const [index, out] of found.outputs.entries())
      expect(difference(Float32Array.from(out), meansAt(61 + index))).toBeLessThan(1e-5)
    expect(found.again).toEqual(found.outputs[0])
    expect(found).toMatchObject({ capacity: 128, count: [69, 69] })
    await ask('close', 'cachedMeans')
  })

  test('a lost context has a name, and the next attention a new one', async () => {
    const call = randomCall({ length: 2 }, 4, 3)
    expect(await ask('lose', 'softmaxCells', plain(call))).toEqual(['device-lost', 'device-lost'])
    expect(await ask('lostContexts')).toEqual([true])
    await ask('open', 'softmaxCells')
    expect(await errorOf({ length: 4 })).toBeLessThan(1e-5)
    await ask('close', 'softmaxCells')
    expect(await ask('lostContexts')).toEqual([true, true])
    expect(complaints.filter((complaint) => !complaint.includes('GPU stall'))).toEqual([])
  })
})
