// Folders in the directory for temporary files that are filled once per user, by whichever process comes first.
import { builtin } from '../../../node/builtin.ts'

/** What such a folder is to hold. */
export interface Contents {
  /** Names, at the top of the folder, without which it counts as not filled. */
  readonly files: readonly string[]
  readonly fill: (directory: string) => Promise<void>
}

/**
 * The folder that holds the files, filled by this process if by none before.
 *
 * @param name tells the contents and their version from others
 */
export async function unpackedFolder(name: string, { files, fill }: Contents): Promise<string> {
  const fs = builtin('node:fs/promises')
  const path = builtin('node:path')
  const shared = path.join(builtin('node:os').tmpdir(), `${name}-${user()}`)
  if (await isComplete(shared, files)) return shared

  // Filled under another name and then renamed, so that no other process sees half of it.
  const own = await fs.mkdtemp(`${shared}-`)
  try {
    await fill(own)
  } catch (error) {
    await fs.rm(own, { recursive: true, force: true })
    throw error
  }
  if (await moved(own, shared)) return shared
  if (!(await isComplete(shared, files)) && (await isPrivate(shared))) {
    // What a cleaner of temporary files left of a directory of this user's.
    await fs.rm(shared, { recursive: true, force: true })
    if (await moved(own, shared)) return shared
  }
  if (await isComplete(shared, files)) {
    // Another process was faster.
    await fs.rm(own, { recursive: true, force: true })
    return shared
  }
  // The name is taken by someone whose files are not to be trusted.
  process.once('exit', () => builtin('node:fs').rmSync(own, { recursive: true, force: true }))
  return own
}

/** Renames a directory, unless there is a filled one of the new name, or one of another user's. */
async function moved(from: string, to: string): Promise<boolean> {
  return await builtin('node:fs/promises')
    .rename(from, to)
    .then(
      () => true,
      () => false,
    )
}

async function isComplete(directory: string, files: readonly string[]): Promise<boolean> {
  if (!(await isPrivate(directory))) return false
  const present = await builtin('node:fs/promises').readdir(directory)
  return files.every((name) => present.includes(name))
}

/** What lies in the directory will be run, so nobody else may have been able to write it. */
async function isPrivate(directory: string): Promise<boolean> {
  try {
    const found = await builtin('node:fs/promises').lstat(directory)
    return found.isDirectory() && found.uid === user() && (found.mode & 0o022) === 0
  } catch {
    return false
  }
}

function user(): number {
  return process.getuid?.() ?? 0
}
