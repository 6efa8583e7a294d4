/**
 * What each thread does with a list of dispatches that several threads work through. The text of these functions is
 * also the program of the workers, so that a bundled page needs no file beside it: they use nothing but their
 * arguments and the platform, and have no functions within them that a bundler might wrap.
 */
import type { layout } from './layout.ts'

/** Runs workgroups first … end − 1. */
export type KernelFunction = (first: number, end: number, table: number) => void

/**
 * Works through the list from a dispatch on. Returns where it is: behind the last when all is done, by whichever
 * threads, or when one of them has failed; before that where it has waited for others for so many milliseconds.
 */
export function takePart(
  at: typeof layout,
  words: Int32Array,
  thread: number,
  kernels: readonly KernelFunction[],
  from: number,
  patience: number,
): number {
  const count = words[at.dispatches] ?? 0
  const table = at.tables + at.tableWords * thread
  for (let dispatch = from; dispatch < count; dispatch++) {
    const entry = at.entries + at.entryWords * dispatch
    const total = words[entry + at.workgroups] ?? 0
    const grain = words[entry + at.grain] ?? 1
    const size = words[entry + at.size] ?? 0
    const kernel = kernels[words[entry + at.kernel] ?? 0]
    let written = false
    while (Atomics.load(words, at.failed) === 0) {
      const taken = Atomics.add(words, entry + at.taken, grain)
      if (taken >= total) break
      if (!written) {
        words.copyWithin(table, entry + at.table, entry + at.table + size)
        words[table + size - 1] = (words[at.scratch] ?? 0) + (words[at.scratchBytes] ?? 0) * thread
        written = true
      }
      // The last workgroups of a causal attention have the most to do, and go first.
      const end = total - taken
      const first = Math.max(0, end - grain)
      if (kernel === undefined) throw new Error('the module has no such kernel')
      kernel(first, end, 4 * table)
      if (Atomics.add(words, entry + at.done, end - first) + end - first === total)
        Atomics.notify(words, entry + at.done)
    }
    // The next dispatch reads what this one writes.
    for (;;) {
      const done = Atomics.load(words, entry + at.done)
      if (done === total) break
      if (Atomics.load(words, at.failed) !== 0) return count
      if (Atomics.wait(words, entry + at.done, done, patience) === 'timed-out') return dispatch
    }
  }
  return count
}

/** What a worker tells the main thread. */
export type News =
  | { readonly kind: 'ready' }
  /** All have left the list. */
  | { readonly kind: 'left' }
  | { readonly kind: 'failed'; readonly reason: string }

/** What a worker does for as long as it lives: it sleeps until there is a list, and takes part in it. */
export function serve(
  at: typeof layout,
  part: typeof takePart,
  memory: WebAssembly.Memory,
  thread: number,
  say: (news: News) => void,
): never {
  const words = new Int32Array(memory.buffer, 0, at.words)
  const known = new Map<number, readonly KernelFunction[]>()
  let seen = 0
  say({ kind: 'ready' })
  for (;;) {
    Atomics.wait(words, at.lists, seen)
    seen = Atomics.load(words, at.lists)
    Atomics.add(words, at.active, 1)
    let bytes: Uint8Array<ArrayBuffer> | undefined
    let module = 0
    try {
      if (Atomics.load(words, at.open) !== 0 && Atomics.sub(words, at.places, 1) > 0) {
        module = words[at.module] ?? 0
        const kernels = known.get(module)
        if (kernels) part(at, words, thread, kernels, 0, Infinity)
        else {
          Atomics.add(words, at.places, 1)
          // A view of what was there before the memory last grew may be too short.
          memory.grow(0)
          bytes = new Uint8Array(
            memory.buffer,
            (words[at.moduleAddress] ?? 0) >>> 0,
            words[at.moduleBytes],
          ).slice()
        }
      }
    } catch (thrown) {
      say({ kind: 'failed', reason: String(thrown) })
      Atomics.store(words, at.failed, 1)
      for (let dispatch = 0; dispatch < (words[at.dispatches] ?? 0); dispatch++)
        Atomics.notify(words, at.entries + at.entryWords * dispatch + at.done)
    }
    if (Atomics.sub(words, at.active, 1) === 1) {
      Atomics.notify(words, at.active)
      if (words[at.announces] === 1) say({ kind: 'left' })
    }
    if (bytes) {
      // Nobody waits for a worker that compiles; afterwards it joins whatever list there is.
      const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { attnc: { memory } })
      for (const oldest of known.keys()) {
        if (known.size < 64) break
        known.delete(oldest)
      }
      known.set(module, Object.values(instance.exports) as unknown as KernelFunction[])
      seen--
    }
  }
}
