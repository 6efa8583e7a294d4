// Modules as `attnc compile` writes them, in a folder for one test file.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '../../../compiler/cli/main.ts'

export interface CompiledFolder {
  readonly path: string
  remove(): Promise<void>
}

/** @param texts attn files by name; the modules have the names of the attentions */
export async function compileInto(texts: Readonly<Record<string, string>>): Promise<CompiledFolder> {
  const path = await mkdtemp(join(tmpdir(), 'attnc-browser-'))
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(join(path, `${name}.attn`), text)
    await attnc(path, 'compile', `${name}.attn`)
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Runs a command of the command line, and throws what it says where it fails. */
export async function attnc(directory: string, ...words: readonly string[]): Promise<void> {
  let said = ''
  const stream = { write: (text: string): void => void (said += text), terminal: false }
  const status = await main(words, {
    out: stream,
    err: stream,
    input: () => new Uint8Array(),
    env: {},
    directory,
  })
  if (status !== 0) throw new Error(`attnc ${words.join(' ')}: ${said}`)
}
