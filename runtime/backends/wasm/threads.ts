/** The threads that share the work of a list of dispatches. */
import { AttentionError, messageOf } from '../../errors.ts'
import { sayAlone } from './alone.ts'
import { maySleep, nextTurn } from './device.ts'
import type { Heap } from './heap.ts'
import type { Kernels } from './kernels.ts'
import { layout as at, mostDispatches } from './layout.ts'
import type { Launch, ThreadScratch } from './launches.ts'
import { takePart } from './take-part.ts'
import type { KernelFunction, News } from './take-part.ts'
import { startWorker } from './workers.ts'
import type { WorkerThread } from './workers.ts'

/** Milliseconds for which a thread sleeps before it looks whether those that it waits for are alive. */
const PATIENCE = 200

/** Milliseconds in which a worker that starts at all has started. */
const START = 10_000

/** Work is handed out in so many pieces a thread, since some take longer than others. */
const PIECES = 8

/** Workers of one memory. They are made when a list wants them, and take part once they are ready. */
export class Threads {
  readonly #heap: Heap
  readonly #words: Int32Array
  /** Where workers find the bytes of a module. */
  readonly #modules = new Map<WebAssembly.Module, { readonly number: number; readonly address: number }>()
  /** Modules so far: workers know one by its number, which no other may have after it. */
  #numbered = 0
  /** Whether the main thread takes part: where it may not sleep it waits for messages. */
  readonly mainTakesPart = maySleep()
  #workers: Promise<WorkerThread>[] = []
  #ready = 0
  #busy = false
  /** How many groups of workers are being ended. */
  #ending = 0
  /** Why a worker is gone. */
  #lost: string | undefined
  /** Why a kernel stopped. */
  #failure: string | undefined
  /** Why there can be no workers. */
  #refused: string | undefined
  #told: () => void = () => {}

  constructor(heap: Heap) {
    this.#heap = heap
    this.#words = new Int32Array(heap.memory.buffer, 0, at.words)
  }

  /** Workers that are, or are about to be, each with a number from 1 on. */
  get made(): number {
    return this.#workers.length
  }

  /** Those for a call that pays for so many threads, as `Machine.workersFor` says. */
  workersFor(name: string, wanted: number): number | Promise<number> {
    const most = Math.min(at.threads, this.mainTakesPart ? wanted - 1 : wanted)
    this.#want(most)
    const ready = (): number => {
      if (this.#refused !== undefined) sayAlone(name, `No worker could be made: ${this.#refused}`)
      return Math.min(this.#ready, most)
    }
    if (!this.mainTakesPart) return this.#ready > 0 ? ready() : this.#anyReady().then(ready)
    return this.#ready < most && this.#refused === undefined ? nextTurn().then(ready) : ready()
  }

  /** Makes workers until there are so many, and does not wait for them, nor while others are being ended. */
  #want(workers: number): void {
    while (this.#workers.length < workers && this.#refused === undefined && this.#ending === 0) {
      const group = this.#workers
      const worker = startWorker(this.#heap.memory, group.length + 1, {
        hear: (news) => group === this.#workers && this.#hear(news),
        lose: (reason) => group === this.#workers && this.#lose(reason),
      })
      worker.catch((thrown: unknown) => group === this.#workers && this.#lose(messageOf(thrown)))
      group.push(worker)
    }
  }

  /** Until a worker is ready, or none will be. */
  async #anyReady(): Promise<void> {
    const end = Date.now() + START
    while (this.#ready === 0 && this.#workers.length > 0 && Date.now() < end) await this.#news()
    if (this.#ready === 0 && this.#workers.length > 0) this.#refused = `none has started in ${START / 1000} s`
  }

  /**
   * Works through a list with so many workers, and on the main thread where it takes part.
   *
   * @param where for messages
   * @throws AttentionError `thread-lost`, `kernel`, `out-of-memory`
   */
  async run(
    where: string,
    launches: readonly Launch[],
    scratch: ThreadScratch,
    workers: number,
  ): Promise<void> {
    for (const { module, list } of listsOf(launches)) {
      this.#write(module, list, scratch, workers + 1)
      await this.#runWritten(where, module, workers)
    }
  }

  /** The list into the first page. */
  #write(kernels: Kernels, launches: readonly Launch[], scratch: ThreadScratch, threads: number): void {
    const module = this.#moduleOf(kernels)
    const words = this.#words
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
  #moduleOf({ module, bytes }: Kernels): { readonly number: number; readonly address: number } {
    const known = this.#modules.get(module)
    if (known) return known
    const address = this.#heap.take(bytes.length)
    new Uint8Array(this.#heap.memory.buffer, address, bytes.length).set(bytes)
    const placed = { number: ++this.#numbered, address }
    this.#modules.set(module, placed)
    return placed
  }

  /** Gives back the bytes of a module that no list will have any more. */
  forget(module: WebAssembly.Module): void {
    const placed = this.#modules.get(module)
    if (placed === undefined) return
    this.#modules.delete(module)
    this.#heap.free(placed.address)
  }

  async #runWritten(where: string, { functions }: Kernels, workers: number): Promise<void> {
    const words = this.#words
    const count = words[at.dispatches] ?? 0
    this.#busy = true
    this.#lost = this.#failure = undefined
    words[at.failed] = 0
    words[at.places] = workers
    words[at.announces] = this.mainTakesPart ? 0 : 1
    Atomics.store(words, at.open, 1)
    Atomics.add(words, at.lists, 1)
    Atomics.notify(words, at.lists, workers)
    if (this.mainTakesPart)
      for (let next = 0; (next = this.#takePart(functions, next)) < count;) await this.#news()
    else while (!isOver(words)) await this.#news()
    Atomics.store(words, at.open, 0)
    for (let active = 0; (active = Atomics.load(words, at.active)) !== 0 && this.#lost === undefined;)
      if (!this.mainTakesPart || Atomics.wait(words, at.active, active, PATIENCE) === 'timed-out')
        await this.#news()
    this.#busy = false
    if (this.#lost !== undefined) await this.stop()
    if (Atomics.load(words, at.failed) !== 0) throw await this.#error(where)
  }

  /** Ends the workers; those that are wanted from now on are new. */
  async stop(): Promise<void> {
    const workers = this.#workers
    this.#workers = []
    this.#ready = 0
    this.#ending++
    this.#told()
    await Promise.all(
      workers.map(async (worker) => (await worker).stop()).map((gone) => gone.catch(() => {})),
    )
    Atomics.store(this.#words, at.active, 0)
    this.#ending--
  }

  /** The dispatch that the main thread has come to. */
  #takePart(functions: readonly KernelFunction[], from: number): number {
    try {
      return takePart(at, this.#words, 0, functions, from, PATIENCE)
    } catch (thrown) {
      this.#fail(messageOf(thrown))
      return mostDispatches
    }
  }

  #fail(reason: string): void {
    this.#failure ??= reason
    giveUp(this.#words)
  }

  #hear(news: News): void {
    if (news.kind === 'ready') this.#ready++
    if (news.kind === 'failed') this.#failure ??= news.reason
    this.#told()
  }

  #lose(reason: string): void {
    // One that never was ready, as the first of all, is not to be had here.
    if (this.#ready === 0) this.#refused = reason
    this.#lost = reason
    giveUp(this.#words)
    if (this.#busy) this.#told()
    else void this.stop()
  }

  /** Until a worker says something, or a while has passed. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.mainTakesPart ? 0 : PATIENCE)
      this.#told = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #error(where: string): Promise<AttentionError> {
    // What a worker says of it comes as a message, and others may come before.
    const end = Date.now() + START
    while (this.#failure === undefined && this.#lost === undefined && Date.now() < end) await this.#news()
    if (this.#lost !== undefined)
      return new AttentionError(
        'thread-lost',
        `${where}: a thread died during the call: ${this.#lost}. The next call has new threads.`,
      )
    return new AttentionError(
      'kernel',
      `${where}: a kernel stopped: ${this.#failure ?? 'it did not say why'}.`,
    )
  }
}

interface ModuleList {
  readonly module: Kernels
  readonly list: Launch[]
}

/** The launches in order, cut into lists of one module each that have room in the first page. */
function listsOf(launches: readonly Launch[]): readonly ModuleList[] {
  const lists: ModuleList[] = []
  for (const launch of launches) {
    const last = lists.at(-1)
    if (last?.module === launch.module && last.list.length < mostDispatches) last.list.push(launch)
    else lists.push({ module: launch.module, list: [launch] })
  }
  return lists
}

/** Tells all who wait for a dispatch that a thread has failed. */
function giveUp(words: Int32Array): void {
  Atomics.store(words, at.failed, 1)
  for (let entry = 0; entry < mostDispatches; entry++)
    Atomics.notify(words, at.entries + at.entryWords * entry + at.done)
}

/** Whether all dispatches are done, or one has failed. */
function isOver(words: Int32Array): boolean {
  if (Atomics.load(words, at.failed) !== 0) return true
  const last = at.entries + at.entryWords * ((words[at.dispatches] ?? 1) - 1)
  return Atomics.load(words, last + at.done) === words[last + at.workgroups]
}
