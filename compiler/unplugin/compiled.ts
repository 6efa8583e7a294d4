/** Specs as they are compiled for bundlers: once for each text, whatever modules of it are asked for. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { cwd } from 'node:process'
import { type Compilation, compile, type Diagnostic, type PendingAttention, type Target } from '../index.ts'
import type { Program } from '../../runtime/program.ts'

/** An attention that a module can be made of. */
export interface Usable {
  readonly name: string
  readonly program: Program
  /** Of a file that is generated of it; undefined where there is none of that path. */
  readonly textOf: (path: string) => string | undefined
}

export interface CompiledSpec {
  readonly text: string
  /** The path as messages show it. */
  readonly file: string
  readonly diagnostics: readonly Diagnostic[]
  /** In the order of the file, but for those that run on the reference alone, which come last. */
  readonly attentions: readonly Usable[]
}

/** By target and path, what came of the text that was there last: builds of one process share it. */
const known = new Map<string, CompiledSpec>()

/** @throws the error of the file system where the spec cannot be read */
export function compiledSpec(path: string, target: Target | undefined): CompiledSpec {
  const text = readFileSync(path, 'utf8')
  const key = `${target ?? ''} ${path}`
  const before = known.get(key)
  if (before?.text === text) return before
  const short = relative(cwd(), path)
  const file = short.startsWith('..') ? path : short
  const made = compile(text, { file, runtime: 'package', ...(target && { target }) })
  const spec = { text, file, diagnostics: made.diagnostics, attentions: usable(made) }
  known.set(key, spec)
  return spec
}

const usable = ({ modules, pending }: Compilation): readonly Usable[] => [
  ...modules.map(({ name, program, file }) => ({
    name,
    program,
    textOf: (path: string) => file(path)?.text,
  })),
  ...pending.flatMap(({ name, text }) => (text === undefined ? [] : [{ name, ...withTexts(text) }])),
]

const withTexts = ({ program, files }: NonNullable<PendingAttention['text']>): Omit<Usable, 'name'> => ({
  program,
  textOf: (path) => files.find((file) => file.path === path)?.text,
})
