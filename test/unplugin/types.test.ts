// The types beside specs, as strict programs read them.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { typescripts } from '../package/typed.ts'
import { install } from '../setup/packages.ts'
import { type Built, bundlers } from './bundlers.ts'
import { light, Project, two } from './project.ts'

const run = promisify(execFile)

const program = `import type { Attention } from 'attnc/runtime'
import { create, program } from './light.attn'
import { delete as one, differences } from './two.attn'

const made: Attention[] = [await create(), await one.create({ backend: 'wasm' }), await differences.create()]
export const out: Float32Array = await made[0]!.forward({
  q: new Float32Array(4),
  k: new Float32Array(4),
  v: new Float32Array(4),
  length: 1,
})
export const dim: number = program.dim
// @ts-expect-error An attention has no such option.
await create({ backends: 'wasm' })
// @ts-expect-error There is no attention of that name.
export { sum } from './two.attn'
`

let project: Project
let built: Built | undefined
beforeAll(async () => {
  project = await Project.with({
    'src/main.js': "export * from './light.attn'\nexport * from './two.attn'\n",
    'src/use.ts': program,
    'src/light.attn': light('light'),
    // A name that is a word of the language of the types.
    'src/two.attn': two.replace('sums', 'delete'),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        allowArbitraryExtensions: true,
        module: 'esnext',
        moduleResolution: 'bundler',
        target: 'es2022',
        lib: ['es2022', 'dom'],
        types: [],
      },
      files: ['src/use.ts'],
    }),
  })
  built = await bundlers['Rollup']?.(project, 'main', 'out')
})
afterAll(() => project.remove())

describe.each(typescripts)('the $age TypeScript', ({ folder }) => {
  test('finds nothing wrong', async () => {
    expect(built).toEqual({ warnings: [] })
    expect(install(folder, 'typescript')).toBe(undefined)
    const compiler = join(folder, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run('node', [compiler, '-p', '.'], { cwd: project.path }).catch(
      (error: unknown) => error as { stdout: string },
    )
    expect(stdout).toBe('')
  })
})

test("somebody's own types are left alone", async () => {
  await project.write({ 'src/light.d.attn.ts': 'export declare const mine: number\n' })
  const again = await bundlers['Rollup']?.(project, 'main', 'out')
  expect(again?.warnings).toEqual([
    expect.stringMatching(/light\.d\.attn\.ts is there and was not written by attnc/),
  ])
  expect(await project.read('src/light.d.attn.ts')).toContain('mine')
  expect(await bundlers['Rollup']?.(project, 'main', 'out', { types: false })).toEqual({ warnings: [] })
})
