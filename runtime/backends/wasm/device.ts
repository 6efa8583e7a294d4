/** The processor: its cores, whether threads can share memory here, and what to call it. */
import type { WasmVariant } from '../../program.ts'
import { layout } from './layout.ts'

/** What may or may not be there, in pages, workers and whatever plays Node.js. */
interface Surroundings {
  readonly crossOriginIsolated?: boolean
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly process?: { readonly getBuiltinModule?: NodeJS.Process['getBuiltinModule'] }
}

const surroundings = (): Surroundings => globalThis

/** Whether threads can share memory: a page's can where it is cross-origin isolated. */
export const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer === 'function' && surroundings().crossOriginIsolated !== false

/** The cores, as far as one is told; no more than there can be threads. */
export function cores(): number {
  const { navigator, process } = surroundings()
  const all = navigator?.hardwareConcurrency ?? process?.getBuiltinModule?.('node:os').availableParallelism()
  return Math.min(layout.threads, all ?? 1)
}

/** Threads that a call may have: one for each core, where they can share memory. */
export const mostThreads = (): number => (canShareMemory() ? cores() : 1)

/** Whether this thread may sleep until another wakes it: the main thread of a page may not. */
export function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0)
    return true
  } catch {
    return false
  }
}

/** A turn of the event loop, in which modules arrive and workers report: calls that follow one another give it none. */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    const { setImmediate = setTimeout } = globalThis as {
      readonly setImmediate?: (then: () => void) => unknown
    }
    setImmediate(resolve)
  })

/** For people. */
export const deviceName = (variant: WasmVariant, threads: number): string =>
  `WebAssembly, ${variant === 'relaxed' ? 'relaxed SIMD' : 'SIMD'}, ${threads} thread${threads === 1 ? '' : 's'}`
