/** What tells of a GPU before any driver is asked. */
import { builtin } from '../../../node/builtin.ts'

/** What `gpuFiles` looks for, in words. The last is a Windows GPU under WSL. */
export const gpuPatterns = '/dev/dri/renderD*, /dev/nvidia* or /dev/dxg'

/** Files of Linux that stand for GPUs; none on other systems. */
export function gpuFiles(): string[] {
  return [
    ...filesIn('/dev', /^nvidia\d+$/),
    ...filesIn('/dev/dri', /^renderD\d+$/),
    ...filesIn('/dev', /^dxg$/),
  ]
}

/** Where a GPU may be, in words; undefined where there is none. Other systems than Linux are taken to have one. */
export function possibleGpu(): string | undefined {
  if (process.platform !== 'linux') return `the graphics of ${process.platform}`
  return gpuFiles().join(', ') || undefined
}

/** Paths of the files in a folder whose names match; none where it cannot be read. */
export function filesIn(directory: string, pattern: RegExp): string[] {
  try {
    const path = builtin('node:path')
    return builtin('node:fs')
      .readdirSync(directory)
      .filter((name) => pattern.test(name))
      .map((name) => path.join(directory, name))
  } catch {
    return []
  }
}
