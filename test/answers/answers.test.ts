// The same answers everywhere: every spec, from one generated module, on every backend in Node.js and in a browser,
// against float64 and against one another. README.md shows the errors, and its table is held to them.
import { symlink, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { env } from 'node:process'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { compile } from '../../compiler/index.ts'
import type { Backend } from '../../runtime/attention.ts'
import { serve } from '../../scripts/serve.mjs'
import type { Server } from '../../scripts/serve.mjs'
import { buildApp } from '../browser/harness/app.ts'
import { openBrowser, openPage, recordAdapter } from '../browser/harness/browser.ts'
import type { WatchedPage } from '../browser/harness/browser.ts'
import { attnc, compileInto } from '../browser/harness/compiled.ts'
import type { CompiledFolder } from '../browser/harness/compiled.ts'
import { pagesFolder } from '../browser/harness/pages.ts'
import { errorIn } from '../browser/harness/runs.ts'
import { runWith } from '../browser/pages/run.mjs'
import type { Module, Outcome, Run } from '../browser/pages/run.mjs'
import { relativeError } from '../numeric/harness.ts'
import { sized, specs, textOf } from '../numeric/small-specs.ts'
import { testDevice } from '../setup/test-devices.ts'
import { beyondGpujs, caseOf } from './cases.ts'
import { rowNames, untrueCells, writeErrors } from './table.ts'
import type { Heading } from './table.ts'

/** As npm has installed it. */
const gpujsPackage = join(import.meta.dirname, '../../node_modules/gpu.js')
const library = '/gpujs/gpu-browser.js'

const browser = await openBrowser()
let folder: CompiledFolder
let server: Server
let watched: WatchedPage

beforeAll(async () => {
  folder = await compileInto(Object.fromEntries(specs.map((name) => [name, sized(name)])))
  server = await serve({
    modules: folder.path,
    pages: pagesFolder,
    app: join(folder.path, 'app'),
    gpujs: join(gpujsPackage, 'dist'),
  })
  if (browser === undefined) return
  watched = await openPage(browser, `${server.origin}/pages/`)
  await recordAdapter(browser, watched.page)
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await folder?.remove()
})

type Runner = (run: Run, backend: Backend) => Promise<Outcome>

const inNode: Runner = async (run, backend) => {
  const path = join(folder.path, run.module.replace('/modules/', ''))
  const { create } = (await import(pathToFileURL(path).href)) as Module
  const device = backend === 'webgpu' ? await testDevice('SwiftShader') : undefined
  return runWith((options) => create({ ...options, ...(device && { device }) }), { ...run, backend })
}

const inPage: Runner = (run, backend) =>
  watched.page.evaluate((given) => globalThis.runHere(given), {
    ...run,
    backend,
    ...(backend === 'gpujs' && { library }),
  })

interface Column {
  readonly heading: Heading
  readonly run: Runner
  readonly backend: Backend
  readonly device: RegExp
}

const inNodeColumns: readonly Column[] = [
  { heading: 'WebGPU in Node.js', run: inNode, backend: 'webgpu', device: /swiftshader/i },
  { heading: 'WebAssembly in Node.js', run: inNode, backend: 'wasm', device: /^WebAssembly, / },
  { heading: 'gpu.js in Node.js', run: inNode, backend: 'gpujs', device: /^gpu\.js webasm$/ },
]
const inPageColumns: readonly Column[] = [
  { heading: 'WebGPU in Chromium', run: inPage, backend: 'webgpu', device: /swiftshader/i },
  { heading: 'WebAssembly in Chromium', run: inPage, backend: 'wasm', device: /^WebAssembly, / },
  { heading: 'WebGL 2 in Chromium', run: inPage, backend: 'gpujs', device: /^gpu\.js webgl2 .*swiftshader/i },
]
const columns = [...inNodeColumns, ...(browser === undefined ? [] : inPageColumns)]

/** The larger of the relative errors of two calls, each number of `found` against that of `wanted`. */
const errorOf = (found: Outcome['outputs'], wanted: readonly ArrayLike<number>[]): number =>
  Math.max(...wanted.map((values, index) => relativeError(found[index] ?? [], values)))

/** By spec and heading. */
const measured = new Map<string, Map<Heading, number>>()

describe('on every backend', () => {
  it.each(specs.filter((name) => !(name in beyondGpujs)))('%s', async (name) => {
    expect(await wrongAnswers(name, columns)).toEqual([])
  })

  it.each(Object.keys(beyondGpujs))('%s, but on gpu.js, and why is said', async (name) => {
    const able = columns.filter(({ backend }) => backend !== 'gpujs')
    expect(await wrongAnswers(name, able)).toEqual([])
    const { modules, diagnostics } = compile(textOf(name), { target: 'gpujs' })
    expect(modules).toEqual([])
    expect(diagnostics.map(({ message }) => message).join()).toContain(beyondGpujs[name])
    const { run } = caseOf(name)
    for (const column of columns.filter(({ backend }) => backend === 'gpujs'))
      await expect(column.run(run, 'gpujs')).rejects.toThrow(/was compiled for webgpu, not for gpujs/)
  })
})

/** What a spec gives in other numbers than float64, or than another backend; the errors are noted. */
async function wrongAnswers(name: string, where: readonly Column[]): Promise<string[]> {
  const { run, wanted, tolerance } = caseOf(name)
  const found: (readonly [Heading, Outcome])[] = []
  const inTurn = async (those: readonly Column[]): Promise<void> => {
    for (const column of those) found.push([column.heading, await column.run(run, column.backend)])
  }
  await Promise.all([inNode, inPage].map((place) => inTurn(where.filter((column) => column.run === place))))

  measured.set(name, new Map(found.map(([heading, { outputs }]) => [heading, errorOf(outputs, wanted)])))
  const elsewhere = where.flatMap(({ heading, backend, device }) =>
    found
      .filter(([one, used]) => one === heading && !(used.backend === backend && device.test(used.device)))
      .map(([, used]) => `${heading}: it ran on ${used.backend}, ${used.device}`),
  )
  const differences = found.flatMap(([one, { outputs }]) => [
    [`${one} beside float64`, errorOf(outputs, wanted)] as const,
    ...found.map(([other, others]) => [`${one} beside ${other}`, errorOf(outputs, others.outputs)] as const),
  ])
  return [
    ...elsewhere,
    ...differences
      .filter(([, difference]) => !(difference < tolerance))
      .map(([pair, difference]) => `${pair}: off by ${difference}, more than ${tolerance}`),
    ...(browser === undefined ? [] : complaintsOf(watched)),
  ]
}

/** The driver's remark on reading back, which is what we ask for, aside. */
const complaintsOf = ({ complaints }: WatchedPage): string[] =>
  complaints.filter((complaint) => !complaint.includes('GPU stall'))

describe.runIf(browser)('on WebGL 2', () => {
  const name = 'softmax'

  test('in a Web Worker', async () => {
    const { run, wanted, tolerance } = caseOf(name)
    const given = { run: { ...run, backend: 'gpujs', library } as const, wanted }
    const { error, device } = await errorIn(watched.page, 'runInWorker', given)
    expect(device).toMatch(/^gpu\.js webgl2 /)
    expect(error).toBeLessThan(tolerance)
  })

  test('from a Vite build, which brings gpu.js', async () => {
    await mkdir(join(folder.path, 'node_modules'))
    await symlink(gpujsPackage, join(folder.path, 'node_modules/gpu.js'))
    await attnc(folder.path, 'compile', `${name}.attn`, '--target', 'gpujs', '-o', 'gpujs')
    // gpu.js alone is larger than Vite likes a part of an app to be.
    const warnings = await buildApp(folder.path, `./gpujs/${name}.js`)
    expect(warnings.filter((warning) => !warning.includes('larger than 500 kB'))).toEqual([])
    const { run, wanted, tolerance } = caseOf(name)
    const { backend: _, ...unforced } = run
    const opened = await openPage(browser!, `${server.origin}/app/`)
    await opened.page.waitForFunction(() => 'runHere' in globalThis)
    const { error, device } = await errorIn(opened.page, 'runHere', { run: unforced, wanted })
    expect(device).toMatch(/^gpu\.js webgl2 /)
    expect(error).toBeLessThan(tolerance)
    expect(complaintsOf(opened)).toEqual([])
  })
})

describe('the table of README.md', () => {
  test('has a row for every spec, a column for every backend, and the errors that they make', () => {
    expect([...measured.keys()].toSorted()).toEqual(specs.toSorted())
    const cells = new Map(
      [...measured].map(([name, row]) => [
        name,
        new Map(columns.map(({ heading }) => [heading, row.get(heading)])),
      ]),
    )
    if (env['UPDATE_GOLDENS'] === '1') writeErrors(cells)
    expect(rowNames()).toEqual(specs.toSorted())
    expect(untrueCells(cells), 'UPDATE_GOLDENS=1 writes the table').toEqual([])
  })
})
