/**
 * Everything that attnc writes goes through here: files are written as a whole
 * or not at all. All are first written beside their places and flushed, then
 * renamed in the order given. So a full disk shows before anything is replaced,
 * and a process that is killed leaves old files and new ones, but no halves.
 */
import { lstatSync, readFileSync, renameSync, rmdirSync, rmSync, type Stats } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { CommandFailure, usage } from '../failure.ts'
import { displayPath } from '../files.ts'
import type { Io } from '../io.ts'
import { reason } from '../reason.ts'
import { flushFolder, makeFolder, makeFoldersBelow } from './folders.ts'
import { removeLeftovers, writeBeside } from './temporary.ts'

export interface NewFile {
  /** Below the folder, with `/`. */
  readonly path: string
  readonly content: string | Uint8Array
}

interface Waiting {
  readonly temporary: string
  readonly path: string
}

/**
 * Writes files below a folder, which is made with those above it where they are missing.
 *
 * @param last put in place after the others, as what needs them
 * @throws CommandFailure where it cannot be done; nothing is left of it then
 */
export function writeFiles(
  io: Io,
  folder: string,
  files: readonly NewFile[],
  last: readonly NewFile[] = [],
): void {
  const root = resolve(io.directory, folder)
  const made: string[] = []
  const waiting = new Set<Waiting>()
  let path = root
  try {
    makeFolder(root, made)
    for (const below of new Set([...files, ...last].map((file) => dirname(file.path)))) {
      path = join(root, below)
      makeFoldersBelow(io, root, below, made)
      removeLeftovers(path)
    }
    const prepare = (file: NewFile): Waiting[] => {
      path = join(root, file.path)
      if (holds(path, file.content)) return []
      const one = { path, temporary: writeBeside(path, file.content) }
      waiting.add(one)
      return [one]
    }
    for (const prepared of [files.flatMap(prepare), last.flatMap(prepare)]) {
      for (const one of prepared) {
        path = one.path
        renameSync(one.temporary, path)
        waiting.delete(one)
      }
      for (const each of new Set(prepared.map((one) => dirname(one.path)))) flushFolder(each)
    }
  } catch (error) {
    for (const { temporary } of waiting) rmSync(temporary, { force: true })
    for (const each of made.toReversed()) removeIfEmpty(each)
    if (error instanceof CommandFailure) throw error
    throw usage(`cannot write ${displayPath(io, path)}: ${reason(error)}`)
  }
}

/** One file, by the name that a person gave it. */
export function writeFile(io: Io, path: string, content: string | Uint8Array): void {
  writeFiles(io, dirname(path), [{ path: basename(path), content }])
}

/** @throws CommandFailure for what a file of that name would not replace: a directory, a device, a link */
export function requirePlace(io: Io, path: string): void {
  const found = look(io, path)
  if (found === undefined || found.isFile()) return
  if (found.isDirectory()) throw usage(`cannot write ${path}: it is a directory`)
  if (!found.isSymbolicLink()) throw usage(`cannot write ${path}: it is no regular file`)
  throw usage(
    `cannot write ${path}: it is a symbolic link, and attnc writes through none`,
    'name the file that it leads to',
  )
}

function look(io: Io, path: string): Stats | undefined {
  try {
    return lstatSync(resolve(io.directory, path), { throwIfNoEntry: false })
  } catch (error) {
    throw usage(`cannot write ${path}: ${reason(error)}`)
  }
}

/** A text that is there already need not be written, and no disk is too full for it. */
function holds(path: string, content: NewFile['content']): boolean {
  if (typeof content !== 'string') return false
  return (
    lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path, 'utf8') === content
  )
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Somebody else has put something into it.
  }
}
