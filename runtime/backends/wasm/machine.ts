/**
 * The processor as a device: one memory for all attentions of a page or process, threads that work in it, and calls
 * one after the other. It lasts for as long as an attention has it.
 */
import { present } from '../../arguments/form.ts'
import { memoryPages } from '../../contract/kernel-table.ts'
import { AttentionError, messageOf } from '../../errors.ts'
import { sayAlone } from './alone.ts'
import { canShareMemory, maySleep, nextTurn } from './device.ts'
import { Heap } from './heap.ts'
import { kernelsIn } from './kernels.ts'
import type { Compiled, Kernels } from './kernels.ts'
import type { Launch, ThreadScratch } from './launches.ts'
import { layout as at } from './layout.ts'
import type { Threads } from './threads.ts'

const PAGE = 2 ** 16

/** Kernels of a module, and who has them. */
interface Held {
  readonly kernels: Promise<Kernels>
  readonly holders: Set<object>
}

export class Machine {
  readonly heap: Heap
  /** Loaded when the first call wants some. */
  threads: Threads | undefined
  readonly #held = new Map<WebAssembly.Module, Held>()
  /** Whether threads can share its memory. */
  readonly shared: boolean
  #loading: Promise<void> | undefined
  /** Why there is the main thread alone. */
  #alone: string | undefined
  #last: Promise<unknown> | undefined
  /** Works that are not done. */
  #waiting = 0
  #holders = 0

  /** @param pages of memory at the most */
  constructor(pages = memoryPages) {
    const { memory, most } = makeMemory(pages)
    this.heap = new Heap(memory, 4 * at.words, most)
    this.shared = canShareMemory()
    if (!this.shared)
      this.#alone = 'The page is not cross-origin isolated, which threads need to share memory.'
  }

  hold(): void {
    this.#holders++
  }

  /** Whether nobody holds it any more; its threads are then ended. */
  release(): boolean {
    if (--this.#holders > 0) return false
    void this.inOrder(() => this.threads?.stop())
    return true
  }

  /** A module's kernels, as they work in this memory, until the holder leaves them. */
  async kernelsOf(compiled: Compiled, holder: object): Promise<Kernels> {
    const { module } = compiled
    const held = this.#held.get(module) ?? {
      kernels: kernelsIn(this.heap.memory, compiled),
      holders: new Set(),
    }
    this.#held.set(module, held)
    held.holders.add(holder)
    try {
      return await held.kernels
    } catch (thrown) {
      // A failure may have been the moment's: the next to ask tries again.
      if (this.#held.get(module) === held) this.#held.delete(module)
      throw thrown
    }
  }

  /** Drops the kernels that nobody else has, also where threads read them, when the calls so far are done. */
  leaveKernels(holder: object): void {
    for (const [module, { holders }] of this.#held) {
      if (!holders.delete(holder) || holders.size > 0) continue
      this.#held.delete(module)
      void this.inOrder(() => this.threads?.forget(module))
    }
  }

  /** Does some work when all that was asked before is done: at once where nothing is under way. */
  inOrder<T>(work: () => T | Promise<T>): T | Promise<T> {
    const result = this.#last === undefined ? work() : this.#last.then(work, work)
    if (!(result instanceof Promise)) return result
    this.#waiting++
    this.#last = this.#until(result)
    return result
  }

  /** Until something has been done, well or not; if nothing was asked after it, nothing is under way then. */
  async #until(pending: Promise<unknown>): Promise<void> {
    await pending.catch(() => {})
    if (--this.#waiting === 0) this.#last = undefined
  }

  /**
   * Workers for a call that pays for so many threads: none where there is the main thread alone, or until they are
   * ready, unless the main thread may do nothing but wait for them.
   *
   * @param name of the attention, for what is said where there can be none
   */
  workersFor(name: string, wanted: number): number | Promise<number> {
    if (this.#alone !== undefined) {
      sayAlone(name, this.#alone)
      return 0
    }
    if (this.threads) return this.threads.workersFor(name, wanted)
    this.#loading ??= this.#loadThreads()
    return (maySleep() ? nextTurn() : this.#loading).then(() =>
      this.threads || this.#alone !== undefined ? this.workersFor(name, wanted) : 0,
    )
  }

  async #loadThreads(): Promise<void> {
    try {
      const { Threads } = await import('./threads.ts')
      this.threads = new Threads(this.heap)
    } catch (cause) {
      this.#alone = `What makes its workers could not be loaded: ${messageOf(cause)}`
    }
  }

  /**
   * On one thread, now.
   *
   * @throws AttentionError `kernel`
   */
  launch(where: string, launches: readonly Launch[], scratch: ThreadScratch): void {
    const { words } = this.heap
    try {
      for (const { module, kernel, workgroups, table } of launches) {
        words.set(table, at.tables)
        words[at.tables + table.length - 1] = scratch.address
        present(module.functions[kernel], `kernel ${kernel}`)(0, workgroups, 4 * at.tables)
      }
    } catch (cause) {
      throw new AttentionError('kernel', `${where}: a kernel stopped: ${messageOf(cause)}.`, { cause })
    }
  }
}

/** Shared where it can be. Phones may not have addresses for all of it: then it is for less. */
function makeMemory(pages: number): { memory: WebAssembly.Memory; most: number } {
  for (let maximum = pages; ; maximum = Math.floor(maximum / 2)) {
    try {
      const shared = canShareMemory()
      return { memory: new WebAssembly.Memory({ initial: 16, maximum, shared }), most: maximum * PAGE }
    } catch (thrown) {
      if (maximum <= 256)
        throw new AttentionError('out-of-memory', 'No memory for WebAssembly', { cause: thrown })
    }
  }
}

let current: Machine | undefined

/** The machine of this page or process; whoever takes it gives it back. */
export function takeMachine(): Machine {
  current ??= new Machine()
  current.hold()
  return current
}

/** Gives it back. */
export function leaveMachine(machine: Machine): void {
  if (machine.release() && current === machine) current = undefined
}
