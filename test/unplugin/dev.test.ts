// A development server: what is saved reaches the page's modules, and mistakes come and go with the text.
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createServer, type ViteDevServer } from 'vite'
import forVite from '../../compiler/unplugin/vite.ts'
import { light, Project } from './project.ts'

let project: Project
let server: ViteDevServer
const updates: unknown[] = []

beforeAll(async () => {
  project = await Project.with({
    'index.html': '<!doctype html><script type="module" src="/src/main.js"></script>',
    'src/main.js': "import { create } from './light.attn'\nawait create()\nimport.meta.hot.accept()\n",
    'src/light.attn': light('light'),
  })
  server = await createServer({
    root: project.path,
    configFile: false,
    logLevel: 'silent',
    plugins: [forVite()],
    server: { middlewareMode: true, ws: false },
  })
  const { hot } = server.environments.client
  const send = hot.send.bind(hot)
  hot.send = (...words: unknown[]) => {
    updates.push(words[0])
    Reflect.apply(send, hot, words)
  }
})
afterAll(async () => {
  await server.close()
  await project.remove()
})

/** The addresses that a module of the page imports. */
async function importsOf(address: string): Promise<string[]> {
  const transformed = await server.environments.client.transformRequest(address)
  return [...(transformed?.code ?? '').matchAll(/(?:from|import)\s*\(?\s*["'](\/[^"']+)["']/g)].map(
    ([, name = '']) => name,
  )
}

const addressOf = async (of: string, part: string): Promise<string> => {
  const found = (await importsOf(of)).find((address) => address.includes(part))
  if (found === undefined) throw new Error(`${of} does not import ${part}`)
  return found
}

/** The text of the module that has the kernels, found by way of the page. */
async function kernels(): Promise<string> {
  const spec = await addressOf('/src/main.js', 'light.attn')
  const transformed = await server.environments.client.transformRequest(await addressOf(spec, 'light.js'))
  return transformed?.code ?? ''
}

/** Saves the spec, and waits until the server has seen it. */
async function save(text: string): Promise<void> {
  // Watchers take changes within 50 ms of each other for one.
  await pause(100)
  const before = updates.length
  await project.write({ 'src/light.attn': text })
  for (let waited = 0; updates.length === before; waited += 20) {
    if (waited > 5000) throw new Error('the server has not seen what was saved')
    await pause(20)
  }
}

test('serves a spec as modules, with the runtime of the package', async () => {
  const text = await kernels()
  expect(text).toContain('exp(sum(tanh(q + k)))')
  const runtime = text.match(/import \{ createAttention \} from "([^"]+)"/)?.[1] ?? ''
  expect(runtime).toMatch(/\/runtime\/index\.js/)
  expect(await server.environments.client.transformRequest(runtime)).toMatchObject({
    code: expect.stringContaining('createAttention') as string,
  })
  expect(await project.read('src/light.d.attn.ts')).toContain('export declare function create(')
})

test('an edit reaches the modules, and the page hears of it', async () => {
  await save(light('light', 'exp(sum(tanh(q - k)))'))
  expect(updates.at(-1)).toMatchObject({ type: 'update', updates: [{ path: '/src/main.js' }] })
  expect(await kernels()).toContain('exp(sum(tanh(q - k)))')
})

test('a mistake shows at its line and column, and goes with the edit that mends it', async () => {
  await save(light('light', 'exp(smu(tanh(q + k)))'))
  const loc = { file: project.at('src/light.attn'), line: 3, column: 15 }
  await expect(kernels()).rejects.toMatchObject({ plugin: 'attnc', id: loc.file, loc })
  await expect(kernels()).rejects.toThrow(/light\.attn:3:15: error A\d{4}.*smu.*\n +3 \| +kernel: exp\(smu/)

  await save(light('light'))
  expect(await kernels()).toContain('exp(sum(tanh(q + k)))')
})
