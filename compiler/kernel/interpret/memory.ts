/** Memory that threads share while a kernel is interpreted: bounds, poison, and races. */

import { InvariantError } from '../../diagnostics/invariant.ts'
import type { Binding, ScalarType } from '../kernel.ts'

/** The host array behind a storage buffer, one number per element. */
export type Storage = Float32Array | Uint32Array

/** Names of a thread live in slots of its frame; the first slots say which thread it is. */
export type Frame = Float64Array
/** Slot of a frame that holds the thread's index in its workgroup. */
export const threadSlot = 0
/** Slot of a frame that holds the workgroup's linear index. */
export const workgroupSlot = 1
/** The thread's index in the whole dispatch. */
const invocationSlot = 2
/** The first slot that a kernel's own names may take. */
export const firstFreeSlot = 3

/** Writes to a thread's frame which thread, workgroup and invocation it stands for. */
export function enter(frame: Frame, thread: number, workgroup: number, workgroupSize: number): void {
  frame[threadSlot] = thread
  frame[workgroupSlot] = workgroup
  frame[invocationSlot] = workgroup * workgroupSize + thread
}

/** What kernels read and write while they are interpreted; `Cells` says what its members mean. */
export type Memory = Pick<Cells, 'lanes' | 'size' | 'read' | 'write' | 'checkFour'>

/** A buffer or a shared array; an element has one lane, or the four of a vec4f. */
export class Cells {
  /** Numbers of an element. */
  readonly lanes: 1 | 4
  readonly #name: string
  readonly #values: Storage | Float64Array
  readonly #length: number
  readonly #races: Races | undefined

  private constructor(name: string, values: Storage | Float64Array, lanes: 1 | 4, races: Races | undefined) {
    this.#name = name
    this.#values = values
    this.lanes = lanes
    this.#length = values.length / lanes
    this.#races = races
  }

  /** Storage is ordered by no barrier, so that a race may lie anywhere in the dispatch. */
  static storage({ name, element }: Binding, values: Storage, findRaces: boolean): Cells {
    const races = findRaces ? new Races(name, values.length, invocationSlot) : undefined
    return new Cells(name, values, element === 'vec4f' ? 4 : 1, races)
  }

  static shared(name: string, length: number, element: ScalarType | 'vec4f', findRaces: boolean): Cells {
    const lanes = element === 'vec4f' ? 4 : 1
    const races = findRaces ? new Races(name, length, threadSlot) : undefined
    return new Cells(name, new Float64Array(length * lanes), lanes, races)
  }

  /** In elements. */
  get size(): number {
    return this.#length
  }

  /** Fills the memory with NaN, because a workgroup finds shared memory undefined. */
  poison(): void {
    this.#values.fill(Number.NaN)
    this.#races?.nextPhase()
  }

  /** What was written before is now seen by all. */
  barrier(): void {
    this.#races?.nextPhase()
  }

  /** A lane of an element, or, where elements are numbers, the number that lies so many places further. */
  read(frame: Frame, index: number, lane: number): number {
    const element = this.#element(frame, index, lane)
    this.#races?.read(frame, element)
    return this.#values[index * this.lanes + lane] ?? Number.NaN
  }

  /** See `read`. */
  write(frame: Frame, index: number, lane: number, value: number): void {
    const element = this.#element(frame, index, lane)
    this.#races?.write(frame, element)
    this.#values[index * this.lanes + lane] = value
  }

  /** Throws where elements are numbers and four of them from `index` on are not all within. */
  checkFour(frame: Frame, index: number): void {
    this.#element(frame, index, 0)
    this.#element(frame, index, 3)
  }

  #element(frame: Frame, index: number, lane: number): number {
    const element = this.lanes === 1 ? index + lane : index
    this.#check(frame, element)
    return element
  }

  #check(frame: Frame, index: number): void {
    if (index >= 0 && index < this.#length) return
    throw new InvariantError(`${who(frame)} uses ${this.#name}[${index}], which has ${this.#length} elements`)
  }
}

const nobody = -1
const several = -2

/** Who touched each cell since the last barrier. */
class Races {
  readonly #name: string
  readonly #slot: number
  readonly #writers: Int32Array
  readonly #readers: Int32Array
  /** The phase in which the entries of a cell were made; older ones mean nothing. */
  readonly #phases: Int32Array
  #phase = 1

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

function who(frame: Frame): string {
  return `thread ${frame[threadSlot]} of workgroup ${frame[workgroupSlot]}`
}
