/**
 * Whose a file is. What attnc compiles bears its signature, and is replaced by
 * the next compile; whatever else has one of those names is somebody's work.
 */
import { lstatSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { OutputFile } from '../../codegen/module.ts'
import { isSigned, sign } from '../../codegen/signature.ts'
import { usage } from '../failure.ts'
import { displayPath } from '../files.ts'
import type { Io } from '../io.ts'
import type { NewFile } from './write.ts'

export const signed = ({ path, text }: OutputFile): NewFile & { readonly content: string } => ({
  path,
  content: sign(path, text),
})

/**
 * Asks before files are replaced that attnc did not write; where nobody can be asked, it refuses.
 *
 * @param force they are to be replaced, whosever they are
 */
export async function requireOwn(
  io: Io,
  folder: string,
  files: readonly (NewFile & { readonly content: string })[],
  force: boolean,
): Promise<void> {
  const foreign = files
    .filter((file) => isForeign(resolve(io.directory, folder, file.path), file.content))
    .map(({ path }) => displayPath(io, join(folder, path)))
  if (foreign.length === 0 || force) return
  const [those, were] = foreign.length === 1 ? ['it', 'was'] : ['them', 'were']
  const message = `${listed(foreign)} ${foreign.length === 1 ? 'is' : 'are'} there and ${were} not written by attnc`
  if (io.ask !== undefined) {
    if (await io.ask(`${message}. Replace ${those}?`)) return
    throw usage('nothing was written')
  }
  throw usage(message, `move ${those}, choose another directory with -o, or replace ${those} with --force`)
}

/**
 * An empty file holds nobody's work, nor does the beginning of what is about to be written. Directories are left
 * to the writing, which replaces none.
 */
function isForeign(path: string, content: string): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found === undefined || found.isDirectory()) return false
    if (!found.isFile()) return true
    const text = readFileSync(path, 'utf8')
    return !isSigned(text) && !content.startsWith(text)
  } catch (error) {
    // Whatever else keeps it from being read keeps it from being written, and is said there.
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}

function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`
}
