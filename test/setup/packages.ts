// Packages that only some tests want, installed into a folder of their own when a test wants them.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Installs what a folder's lock file names, unless it is there. @returns why it is not to be had, if so */
export function install(folder: string, present: string): string | undefined {
  if (existsSync(join(folder, 'node_modules', present))) return undefined
  const words = ['ci', '--prefix', folder, '--ignore-scripts', '--prefer-offline']
  const { status, error, stderr } = spawnSync('npm', words, { encoding: 'utf8', timeout: 300_000 })
  if (status === 0) return undefined
  return `npm ci --prefix ${folder} failed: ${error?.message ?? stderr.split('\n', 1)[0] ?? ''}`
}
