/** Files to read, and how their names are shown. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path'
import type { Source } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/nearest.ts'
import { usage } from './failure.ts'
import type { Io } from './io.ts'
import { reason } from './reason.ts'

export function readBytes(io: Io, path: string): Uint8Array {
  if (path === '') throw usage('cannot read a file whose name is empty')
  try {
    return readFileSync(resolve(io.directory, path))
  } catch (error) {
    throw usage(`cannot read ${path}: ${reason(error)}`, neighbour(io, path))
  }
}

/** The word that stands for standard input where a spec is read. */
export const standardInput = '-'

/** Bytes that are no UTF-8 become U+FFFD, which the lexer then rejects at its place. */
export function readSource(io: Io, path: string): Source {
  const bytes = path === standardInput ? readInput(io) : readBytes(io, path)
  return { file: path === standardInput ? '<stdin>' : path, text: new TextDecoder().decode(bytes) }
}

function readInput(io: Io): Uint8Array {
  try {
    return io.input()
  } catch (error) {
    throw usage(`cannot read standard input: ${reason(error)}`)
  }
}

/** Whoever writes a file back would lose such bytes, which a comment may hold. */
export function requireUtf8(io: Io, path: string): void {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(readBytes(io, path))
  } catch (error) {
    throw error instanceof TypeError ? usage(`cannot rewrite ${path}: it is not text in UTF-8`) : error
  }
}

/** As short as a reader would write it: relative where that does not climb. */
export function displayPath(io: Io, path: string): string {
  const absolute = isAbsolute(path) ? path : resolve(io.directory, path)
  const short = relative(io.directory, absolute)
  return short.startsWith('..') ? path : short || '.'
}

function neighbour(io: Io, path: string): string | undefined {
  const directory = dirname(path)
  try {
    const found = nearest(basename(path), readdirSync(resolve(io.directory, directory)))
    return found === undefined || found === basename(path)
      ? undefined
      : `did you mean ${directory === '.' ? found : `${directory}/${found}`}?`
  } catch {
    return undefined
  }
}
