/** The file system, with its refusals put into words. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path'
import type { Source } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/nearest.ts'
import { usage } from './failure.ts'
import type { Io } from './io.ts'

export function readBytes(io: Io, path: string): Uint8Array {
  if (path === '') throw usage('cannot read a file whose name is empty')
  try {
    return readFileSync(resolve(io.directory, path))
  } catch (error) {
    throw usage(`cannot read ${path}: ${reason(error)}`, neighbour(io, path))
  }
}

/** Bytes that are no UTF-8 become U+FFFD, which the lexer then rejects at its place. */
export function readSource(io: Io, path: string): Source {
  return { file: path, text: new TextDecoder().decode(readBytes(io, path)) }
}

/** Whoever writes a file back would lose such bytes, which a comment may hold. */
export function requireUtf8(io: Io, path: string): void {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(readBytes(io, path))
  } catch (error) {
    throw error instanceof TypeError ? usage(`cannot rewrite ${path}: it is not text in UTF-8`) : error
  }
}

/** Writes the file and the directories above it. */
export function writeFile(io: Io, path: string, content: string | Uint8Array): void {
  const absolute = resolve(io.directory, path)
  try {
    mkdirSync(dirname(absolute), { recursive: true })
    writeFileSync(absolute, content)
  } catch (error) {
    throw usage(`cannot write ${path}: ${reason(error)}`)
  }
}

/** As short as a reader would write it: relative where that does not climb. */
export function displayPath(io: Io, path: string): string {
  const absolute = isAbsolute(path) ? path : resolve(io.directory, path)
  const short = relative(io.directory, absolute)
  return short.startsWith('..') ? path : short || '.'
}

export function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file or directory',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of the path is a file, not a directory',
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space is left',
    EEXIST: 'a file stands where a directory is needed',
    ELOOP: 'its symbolic links go in a circle',
    ENAMETOOLONG: 'the name is too long',
  }
  return words[code ?? ''] ?? (error as Error).message
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
