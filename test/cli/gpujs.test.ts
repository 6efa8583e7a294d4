// The target gpujs at the command line: what is written, what runs, what is verified.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Console, good } from './console.ts'

let at: Console
beforeAll(() => {
  at = new Console({ 'good.attn': good })
})
afterAll(() => at.remove())

const only = ['good.attn', '--only', 'small']

test('compile writes functions of gpu.js, and beside each the GLSL that comes of it', async () => {
  const { status, out } = await at.run(['compile', ...only, '--target', 'gpujs', '-o', 'build', '--json'])
  expect(status).toBe(0)
  const { attentions } = JSON.parse(out) as { attentions: { target: string; files: string[] }[] }
  expect(attentions[0]?.target).toBe('gpujs')
  const folder = join(at.directory, 'build/small')
  const names = (ending: string): string[] =>
    readdirSync(folder)
      .filter((file) => file.endsWith(ending))
      .map((file) => file.slice(0, -ending.length))
  expect(names('.glsl').length).toBeGreaterThan(2)
  for (const kernel of names('.glsl')) {
    expect(attentions[0]?.files).toContain(`build/small/${kernel}.glsl`)
    expect(existsSync(join(folder, `${kernel}.js`))).toBe(true)
    expect(readFileSync(join(folder, `${kernel}.glsl`), 'utf8')).toMatch(
      /^#version 300 es\n[^]*\nvoid kernel\(\) \{\n/,
    )
  }
})

test('run and bench hold it to float64', async () => {
  const ran = await at.run(['run', ...only, '--backend', 'gpujs', '--length', '20', '--heads', '2', '--json'])
  expect(ran.status).toBe(0)
  expect(ran.out).toContain('"gpu.js webasm"')
  const benched = await at.run(['bench', ...only, '--backend', 'gpujs', '--lengths', '16', '--rounds', '1'])
  expect(benched.status).toBe(0)
  expect(benched.out).toMatch(/^gpujs on gpu\.js webasm/)
  expect(benched.out).toMatch(/^ {2}small +16  gpujs .* ×/m)
})

test('verify gives its verdicts', async () => {
  const words = ['--backend', 'gpujs', '--property', 'reference', '--runs', '2', '--json']
  const { status, out } = await at.run(['verify', ...only, ...words])
  const { attentions } = JSON.parse(out) as {
    attentions: { backend: string; device: string; properties: { name: string; status: string }[] }[]
  }
  expect(attentions).toMatchObject([
    { backend: 'gpujs', device: 'gpu.js webasm', properties: [{ name: 'reference', status: 'held' }] },
  ])
  expect(status).toBe(0)
})

test('doctor says what gpu.js runs on', async () => {
  const { backends } = JSON.parse((await at.run(['doctor', '--json'])).out) as {
    backends: { name: string; usable: boolean; reason: string }[]
  }
  expect(backends.find(({ name }) => name === 'gpujs')).toMatchObject({
    name: 'gpujs',
    usable: true,
    reason: expect.stringContaining('gpu.js webasm') as string,
  })
})
