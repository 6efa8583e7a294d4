// Deno and Bun from npm, installed into this folder when a test wants them, since the package itself does not.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { install } from '../setup/packages.ts'

/** A program that runs JavaScript, and its words before the name of a file. */
export interface Host {
  readonly executable: string
  readonly words: readonly string[]
}

/**
 * Each lies in a package of its system, from which the packages `deno` and `bun` would copy it after their installation;
 * nothing is run when they are installed here.
 */
const places = {
  Deno: { scope: '@deno', file: 'deno', words: ['run', '--allow-read', '--allow-env', '--allow-sys'] },
  Bun: { scope: '@oven', file: 'bin/bun', words: ['run'] },
} as const

export type HostName = keyof typeof places
export const hostNames = Object.keys(places) as HostName[]

/** The program, or a sentence on why it is not to be had. */
export const hostNamed = (name: HostName): Host | string =>
  installed(name) ??
  install(import.meta.dirname, places[name].scope) ??
  installed(name) ??
  'npm has none for this system'

function installed(name: HostName): Host | undefined {
  const { scope, file, words } = places[name]
  const folder = join(import.meta.dirname, 'node_modules', scope)
  const executable = (existsSync(folder) ? readdirSync(folder) : [])
    .map((system) => join(folder, system, file))
    .find(existsSync)
  return executable === undefined ? undefined : { executable, words }
}
