import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEVICE_LOG_VARIABLE } from './devices.ts'

export default function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'attnc-test-'))
  process.env[DEVICE_LOG_VARIABLE] = directory

  return () => {
    const used = collect(directory, 'used-')
    const skipped = collect(directory, 'skipped-')
    rmSync(directory, { recursive: true, force: true })
    console.log(`devices used: ${used.length > 0 ? used.join(' · ') : 'none'}`)
    if (skipped.length > 0) console.log(`devices skipped: ${skipped.join(' · ')}`)
  }
}

function collect(directory: string, prefix: string): string[] {
  const lines = readdirSync(directory)
    .filter((file) => file.startsWith(prefix))
    .flatMap((file) => readFileSync(join(directory, file), 'utf8').split('\n'))
    .filter((line) => line !== '')
  return [...new Set(lines)].sort()
}
