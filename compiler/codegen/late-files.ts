/** Files of a compiled attention, made no sooner than somebody asks for them. */
import type { OutputFile } from './module.ts'

/** Makes each file once, one after another: gradients and other targets' kernels take longer than all else. */
export class LateFiles {
  readonly #made: OutputFile[] = []
  readonly #coming: Iterator<OutputFile>

  constructor(files: Iterable<OutputFile>) {
    this.#coming = files[Symbol.iterator]()
  }

  /** Every file, in order. */
  all(): readonly OutputFile[] {
    while (this.#next() !== undefined);
    return this.#made
  }

  /** The file of that path, for which none behind it are made. */
  named(path: string): OutputFile | undefined {
    let found = this.#made.find((file) => file.path === path)
    while (found === undefined) {
      const next = this.#next()
      if (next === undefined) return undefined
      if (next.path === path) found = next
    }
    return found
  }

  #next(): OutputFile | undefined {
    const next = this.#coming.next()
    if (next.done === true) return undefined
    this.#made.push(next.value)
    return next.value
  }
}
