import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEVICE_LOG_VARIABLE } from './devices.ts'

export default function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'attnc-test-'))
  process.env[DEVICE_LOG_VARIABLE] = directory
  narrowLavapipe()

  return () => {
    const used = collect(directory, 'used-')
    const skipped = collect(directory, 'skipped-')
    rmSync(directory, { recursive: true, force: true })
    console.log(`devices used: ${used.length > 0 ? used.join(' · ') : 'none'}`)
    if (skipped.length > 0) console.log(`devices skipped: ${skipped.join(' · ')}`)
  }
}

/**
 * Lavapipe compiles a kernel for vectors of four numbers in about half of the time that it takes for vectors of eight, and
 * computes the same. What it keeps on disk has a folder of its own, since nothing in it says how wide it is.
 */
function narrowLavapipe(): void {
  const cache = join(tmpdir(), 'attnc-lavapipe')
  mkdirSync(cache, { recursive: true })
  process.env['MESA_SHADER_CACHE_DIR'] = cache
  process.env['LP_NATIVE_VECTOR_WIDTH'] = '128'
}

function collect(directory: string, prefix: string): string[] {
  const lines = readdirSync(directory)
    .filter((file) => file.startsWith(prefix))
    .flatMap((file) => readFileSync(join(directory, file), 'utf8').split('\n'))
    .filter((line) => line !== '')
  return [...new Set(lines)].sort()
}
