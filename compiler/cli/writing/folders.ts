/** Folders to write into, made where they are missing. */
import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { platform } from 'node:process'
import { usage } from '../failure.ts'
import { displayPath } from '../files.ts'
import type { Io } from '../io.ts'

/**
 * A folder that somebody named, and those above it; links among them were chosen.
 *
 * @param made takes up what was not there before, outermost first
 */
export function makeFolder(path: string, made: string[]): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  const above = dirname(path)
  if (above !== path) makeFolder(above, made)
  mkdirSync(path)
  made.push(path)
}

/** Folders below one that was named. Nobody chose a link among them, and what it leads to is not ours. */
export function makeFoldersBelow(io: Io, root: string, below: string, made: string[]): void {
  let path = root
  for (const part of below.split('/').filter((name) => name !== '.')) {
    path = join(path, part)
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found === undefined) {
      mkdirSync(path)
      made.push(path)
    } else if (found.isSymbolicLink()) {
      throw usage(
        `${displayPath(io, path)} is a symbolic link, and attnc writes through none`,
        'remove the link, or choose another directory with -o',
      )
    } else if (!found.isDirectory()) {
      throw usage(
        `${displayPath(io, path)} is a file, where attnc needs a directory`,
        'move it, or choose another directory with -o',
      )
    }
  }
}

/** What was renamed into the folder is there after a loss of power, too. */
export function flushFolder(path: string): void {
  // Windows opens no folders, and keeps an order of its own.
  if (platform === 'win32') return
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
