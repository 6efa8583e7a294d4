// Programs of users, as TypeScript reads them.
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const options =
  '--ignoreConfig --noEmit --strict --skipLibCheck --target es2022 --lib es2023,esnext.disposable,dom ' +
  '--module nodenext --allowImportingTsExtensions --types @webgpu/types'

/** @returns what TypeScript has against a program that lies in this folder, if anything */
export function typeErrors(name: string, program: string): string {
  const file = join(import.meta.dirname, `${name}.ts`)
  writeFileSync(file, program)
  try {
    const tsc = createRequire(import.meta.url)
      .resolve('typescript/package.json')
      .replace('package.json', 'bin/tsc')
    const words = [tsc, ...options.split(' '), file]
    const { status, error, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
    return status === 0 ? '' : `tsc ended with ${status}: ${error?.message ?? ''}${stdout}${stderr}`
  } finally {
    rmSync(file)
  }
}
