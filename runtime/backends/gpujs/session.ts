/**
 * A machine for as long as one attention uses it. All attentions of a page
 * share one, since browsers allow few WebGL contexts.
 */
import { destroyed } from '../../errors.ts'
import type { AttentionError } from '../../errors.ts'
import { lost } from './cell-kernel.ts'
import type { GpuConstructor } from './library.ts'
import { openMachine } from './machine.ts'
import type { Machine } from './machine.ts'
import { Transfers } from './transfers.ts'

interface Shared {
  readonly machine: Machine
  readonly transfers: Transfers
  holders: number
}

let shared: Shared | undefined

export class Session {
  readonly #name: string
  readonly #shared: Shared
  #ended: AttentionError | undefined

  /** @throws AttentionError `no-float-textures`, `no-wasm` */
  constructor(name: string, library: GpuConstructor) {
    this.#name = name
    // A lost context stays with those that had it; the next attention gets a new one.
    if (shared === undefined || shared.machine.isLost()) {
      const machine = openMachine(library)
      shared = { machine, transfers: new Transfers(machine), holders: 0 }
    }
    this.#shared = shared
    this.#shared.holders++
  }

  get machine(): Machine {
    return this.#shared.machine
  }

  get transfers(): Transfers {
    return this.#shared.transfers
  }

  /** Throws after `end()`, or once the context is lost. */
  assertUsable(): void {
    if (this.#ended !== undefined) throw this.#ended
    if (this.machine.isLost()) throw lost(this.machine.name)
  }

  /** What was waited for, unless the end came first. */
  async until<T>(pending: Promise<T>): Promise<T> {
    try {
      return await pending
    } finally {
      this.assertUsable()
    }
  }

  end(): void {
    if (this.#ended !== undefined) return
    this.#ended = destroyed(this.#name)
    this.#shared.holders--
    if (this.#shared.holders > 0) return
    if (shared === this.#shared) shared = undefined
    this.machine.close()
  }
}
