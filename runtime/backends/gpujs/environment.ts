/**
 * What stands behind each name of a form while its dispatches run. Nothing is
 * written twice: a dispatch replaces what is behind the name of its result.
 */
import { AttentionError } from '../../errors.ts'
import type { Cells } from './library.ts'
import { free } from './transfers.ts'

export class Environment {
  readonly #cells = new Map<string, Cells>()
  /** What came to be in this call and goes with it. */
  readonly #owned = new Set<Cells>()
  readonly #outer: Environment | undefined

  /** @param outer where other names are looked up, while it lasts */
  constructor(outer?: Environment) {
    this.#outer = outer
  }

  /** Something that outlives the call. */
  lend(name: string, cells: Cells): void {
    this.#cells.set(name, cells)
  }

  /** Something that is freed with the call, or before, unless it is taken out. */
  give(name: string, cells: Cells): void {
    this.drop(name)
    this.#cells.set(name, cells)
    this.#owned.add(cells)
  }

  get(name: string): Cells {
    const cells = this.#cells.get(name) ?? this.#outer?.get(name)
    if (cells !== undefined) return cells
    throw new AttentionError('program', `The program reads ${name} before it is written. Compile it again.`)
  }

  /** What is no longer the environment's to free. */
  take(name: string): Cells {
    const cells = this.get(name)
    this.#owned.delete(cells)
    return cells
  }

  drop(name: string): void {
    const cells = this.#cells.get(name)
    if (cells === undefined || !this.#owned.delete(cells)) return
    this.#cells.delete(name)
    free(cells)
  }

  end(): void {
    for (const cells of this.#owned) free(cells)
    this.#owned.clear()
    this.#cells.clear()
  }
}

/** What comes to be in an environment goes with it. */
export function within<T>(outer: Environment | undefined, use: (environment: Environment) => T): T {
  const environment = new Environment(outer)
  try {
    return use(environment)
  } finally {
    environment.end()
  }
}
