/** Races: two threads that touch one cell without a barrier between, one of them writing. */

import { InvariantError } from '../../diagnostics/invariant.ts'
import type { Frame } from './frame.ts'
import { who } from './frame.ts'

const nobody = -1
const several = -2

/** Who touched each cell since the last barrier. */
export class Races {
  readonly #name: string
  readonly #slot: number
  readonly #writers: Int32Array
  readonly #readers: Int32Array
  /** The phase in which the entries of a cell were made; older ones mean nothing. */
  readonly #phases: Int32Array
  #phase = 1

  /** @param slot of a frame, which says who a thread is */
  constructor(name: string, length: number, slot: number) {
    this.#name = name
    this.#slot = slot
    this.#writers = new Int32Array(length)
    this.#readers = new Int32Array(length)
    this.#phases = new Int32Array(length)
  }

  nextPhase(): void {
    this.#phase++
  }

  read(frame: Frame, index: number): void {
    this.#begin(index)
    const self = frame[this.#slot] ?? nobody
    const writer = this.#writers[index]
    if (writer !== nobody && writer !== self) this.#report(frame, index, 'reads what another thread writes')
    const reader = this.#readers[index]
    this.#readers[index] = reader === nobody || reader === self ? self : several
  }

  write(frame: Frame, index: number): void {
    this.#begin(index)
    const self = frame[this.#slot] ?? nobody
    const writer = this.#writers[index]
    if (writer !== nobody && writer !== self) this.#report(frame, index, 'writes what another thread writes')
    const reader = this.#readers[index]
    if (reader !== nobody && reader !== self) this.#report(frame, index, 'writes what another thread reads')
    this.#writers[index] = self
  }

  #begin(index: number): void {
    if (this.#phases[index] === this.#phase) return
    this.#phases[index] = this.#phase
    this.#writers[index] = nobody
    this.#readers[index] = nobody
  }

  #report(frame: Frame, index: number, what: string): never {
    throw new InvariantError(
      `a race: ${who(frame)} ${what}, ${this.#name}[${index}], and no barrier is between`,
    )
  }
}
