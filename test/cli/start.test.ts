// How little is loaded before a command begins: what a person waits for at every call.
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { addCommands, commandNames } from '../../compiler/cli/commands/index.ts'
import { Console, good } from './console.ts'

const run = promisify(execFile)
const program = 'dist/compiler/cli.js'

/** Names each file of this checkout that is loaded as a module, on a line of standard error. */
const hooks = `export async function load(url, context, next) {
  if (url.startsWith('file:')) process._rawDebug('loaded ' + url)
  return next(url, context)
}`
const dataUrl = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`
const preload = dataUrl(`import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hooks))})`)

async function loadedBy(...words: string[]): Promise<{ files: number; bytes: number }> {
  const { stderr } = await run('node', ['--import', preload, program, ...words])
  const files = [...stderr.matchAll(/^loaded (.*)$/gm)].map(([, url]) => fileURLToPath(url ?? ''))
  return { files: files.length, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) }
}

describe('the program loads', () => {
  test('next to nothing to tell its version', async () => {
    const { files, bytes } = await loadedBy('--version')
    expect(files).toBeGreaterThan(0)
    expect(files).toBeLessThanOrEqual(10)
    expect(bytes).toBeLessThan(150e3)
  })

  test('the compiler, and neither runtime nor generators of cases, to check a file', async () => {
    const { files, bytes } = await loadedBy('check', 'specs/softmax.attn')
    expect(files).toBeLessThanOrEqual(24)
    expect(bytes).toBeLessThan(2e6)
  })
})

describe('commands', () => {
  const registered = async (words: readonly string[]): Promise<string[]> => {
    const { commander, context } = given()
    await addCommands(context, words)
    return commander.commands.map((command) => command.name())
  }

  test.each(commandNames)('%s is loaded alone where it is named', async (name) => {
    expect(await registered([name])).toEqual([name])
    expect(await registered(['--json', name, 'doctor'])).toEqual([name])
  })

  test('all are there for help and for suggestions', async () => {
    expect(await registered(['--help'])).toEqual(commandNames)
    expect(await registered([])).toEqual(commandNames)
    const at = new Console({ 'good.attn': good })
    const { status, err } = await at.run(['chek', 'good.attn'])
    at.remove()
    expect([status, err]).toEqual([2, expect.stringContaining('Did you mean check?')])
  })

  test('none is loaded for the version', async () => {
    expect(await registered(['--version'])).toEqual([])
  })
})

function given(): { commander: Command; context: Parameters<typeof addCommands>[0] } {
  const commander = new Command()
  const sink = { write: () => {}, terminal: false }
  const io = { out: sink, err: sink, input: () => new Uint8Array(), env: {}, directory: '.' }
  return { commander, context: { program: commander, io, conclude: () => {} } }
}
