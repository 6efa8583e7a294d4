/** Files beside the ones that they will replace, and what a killed process left of them. */
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { kill, pid } from 'node:process'

let count = 0

/** Writes and flushes a file in the folder of `target`, with the mode and the owner of what is there. */
export function writeBeside(target: string, content: string | Uint8Array): string {
  const found = lstatSync(target, { throwIfNoEntry: false })
  const old = found?.isFile() === true ? found : undefined
  if (found?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' })
  // Renaming would replace also a file that its owner made read-only.
  if (old !== undefined) accessSync(target, constants.W_OK)
  const path = join(dirname(target), `.attnc-${pid}-${count++}.tmp`)
  const descriptor = openSync(path, 'wx')
  try {
    writeFileSync(descriptor, content)
    if (old !== undefined) keepOwner(descriptor, old)
    fsyncSync(descriptor)
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
  return path
}

function keepOwner(descriptor: number, { uid, gid, mode }: Stats): void {
  try {
    fchownSync(descriptor, uid, gid)
  } catch {
    // Only root may give files away; whoever replaces another's file owns it from then on.
  }
  fchmodSync(descriptor, mode & 0o7777)
}

/** Removes what a process left that is gone, or that cannot have been writing for so long. */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, writer] = /^\.attnc-(\d+)-\d+\.tmp$/.exec(name) ?? []
    if (writer === undefined) continue
    const path = join(folder, name)
    const found = lstatSync(path, { throwIfNoEntry: false })
    const minutes = (Date.now() - (found?.mtimeMs ?? 0)) / 60_000
    if (found?.isFile() === true && (minutes > 10 || !isRunning(Number(writer))))
      rmSync(path, { force: true })
  }
}

/** Another process: this one has nothing unfinished whenever it looks. */
function isRunning(writer: number): boolean {
  if (writer === pid) return false
  try {
    return kill(writer, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
