/**
 * The processor as a device: one memory for all attentions of a page or process, threads that work in it, and calls
 * one after the other. It lasts for as long as an attention has it.
 */
import { memoryPages } from '../../contract/kernel-table.ts'
import { AttentionError, messageOf } from '../../errors.ts'
import { canShareMemory } from './device.ts'
import { Heap } from './heap.ts'
import { kernelsIn } from './kernels.ts'
import type { Compiled, Kernels } from './kernels.ts'
import { layout as at, mostDispatches } from './layout.ts'
import { Threads } from './threads.ts'

const PAGE = 2 ** 16

/** A list of dispatches is handed out in so many pieces a thread, since some take longer than others. */
const PIECES = 8

/** One kernel's part of a call. */
export interface Launch {
  /** Among the module's exports. */
  readonly kernel: number
  readonly workgroups: number
  /** But for its last word, which is the scratch of whoever runs the kernel. */
  readonly table: readonly number[]
}

/** The scratch of the threads, one behind the other. */
export interface ThreadScratch {
  readonly address: number
  /** Of each. */
  readonly bytes: number
}

export class Machine {
  readonly heap: Heap
  /** Undefined where threads cannot share memory. */
  readonly threads: Threads | undefined
  readonly #instances = new Map<WebAssembly.Module, Promise<Kernels>>()
  /** Where workers find the bytes of a module. */
  readonly #modules = new Map<Kernels, { readonly number: number; readonly address: number }>()
  #last: Promise<unknown> | undefined
  /** Works that are not done. */
  #waiting = 0
  #holders = 0

  /** @param pages of memory at the most */
  constructor(pages = memoryPages) {
    const { memory, most } = makeMemory(pages)
    this.heap = new Heap(memory, 4 * at.words, most)
    this.threads = canShareMemory() ? new Threads(memory) : undefined
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

  /** A module's kernels, as they work in this memory. */
  kernelsOf(compiled: Compiled): Promise<Kernels> {
    const known = this.#instances.get(compiled.module) ?? kernelsIn(this.heap.memory, compiled)
    this.#instances.set(compiled.module, known)
    return known
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
   * ready, unless the main thread would have to do everything.
   *
   * @param name of the attention, for what is said where there can be none
   */
  workersFor(name: string, wanted: number): number | Promise<number> {
    const { threads } = this
    if (threads === undefined) {
      sayAlone(name, 'The page is not cross-origin isolated, which threads need to share memory.')
      return 0
    }
    threads.want(threads.mainTakesPart ? wanted - 1 : wanted)
    const ready = (): number => {
      if (threads.refused !== undefined) sayAlone(name, `No worker could be made: ${threads.refused}`)
      return Math.min(threads.ready, threads.mainTakesPart ? wanted - 1 : wanted)
    }
    return threads.mainTakesPart || threads.ready > 0 ? ready() : threads.anyReady().then(ready)
  }

  /**
   * On one thread, now.
   *
   * @throws AttentionError `kernel`
   */
  launch(where: string, kernels: Kernels, launches: readonly Launch[], scratch: ThreadScratch): void {
    const words = this.heap.words(0, at.words)
    try {
      for (const { kernel, workgroups, table } of launches) {
        words.set(table, at.tables)
        words[at.tables + table.length - 1] = scratch.address
        kernels.functions[kernel]?.(0, workgroups, 4 * at.tables)
      }
    } catch (cause) {
      throw new AttentionError('kernel', `${where}: a kernel stopped: ${messageOf(cause)}.`, { cause })
    }
  }

  /** On so many workers, and on the main thread where it takes part. */
  async launchTogether(
    where: string,
    threads: Threads,
    kernels: Kernels,
    launches: readonly Launch[],
    scratch: ThreadScratch,
    workers: number,
  ): Promise<void> {
    for (let first = 0; first < launches.length; first += mostDispatches) {
      this.#write(kernels, launches.slice(first, first + mostDispatches), scratch, workers + 1)
      await threads.run(where, kernels, workers)
    }
  }

  /** The list for the threads. */
  #write(kernels: Kernels, launches: readonly Launch[], scratch: ThreadScratch, threads: number): void {
    const module = this.#moduleOf(kernels)
    const words = this.heap.words(0, at.words)
    words[at.module] = module.number
    words[at.moduleAddress] = module.address
    words[at.moduleBytes] = kernels.bytes.length
    words[at.dispatches] = launches.length
    words[at.scratch] = scratch.address
    words[at.scratchBytes] = scratch.bytes
    for (const [place, { kernel, workgroups, table }] of launches.entries()) {
      const entry = at.entries + at.entryWords * place
      words[entry + at.kernel] = kernel
      words[entry + at.workgroups] = workgroups
      words[entry + at.grain] = Math.ceil(workgroups / (threads * PIECES))
      words[entry + at.taken] = 0
      words[entry + at.done] = 0
      words[entry + at.size] = table.length
      words.set(table, entry + at.table)
    }
  }

  /** The bytes of a module in the memory. */
  #moduleOf(kernels: Kernels): { readonly number: number; readonly address: number } {
    const known = this.#modules.get(kernels)
    if (known) return known
    const { bytes } = kernels
    const address = this.allocate(bytes.length)
    new Uint8Array(this.heap.memory.buffer, address, bytes.length).set(bytes)
    const module = { number: this.#modules.size + 1, address }
    this.#modules.set(kernels, module)
    return module
  }

  /** @throws AttentionError `out-of-memory` */
  allocate(bytes: number): number {
    const address = this.heap.allocate(bytes)
    if (address !== undefined) return address
    throw new AttentionError(
      'out-of-memory',
      `There is no memory for ${bytes} bytes; attentions and their states have ${this.heap.capacity - this.heap.left} of ${this.heap.capacity}.`,
    )
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

/** Attentions of which it was said that they run on one thread. */
const alone = new Set<string>()

function sayAlone(name: string, reason: string): void {
  if (alone.has(name)) return
  alone.add(name)
  // oxlint-disable-next-line no-console -- the interface promises it
  console.info(`attnc: ${name} runs on one thread. ${reason}`)
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
