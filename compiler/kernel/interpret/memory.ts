/** Memory that threads share while a kernel is interpreted: bounds, poison, and races. */

import { InvariantError } from '../../diagnostics/invariant.ts'
import type { Binding, ScalarType } from '../kernel.ts'
import { invocationSlot, threadSlot, who } from './frame.ts'
import type { Frame } from './frame.ts'
import { Races } from './races.ts'

/** The host array behind a storage buffer, one number per element. */
export type Storage = Float32Array | Uint32Array

/** A buffer or a shared array; an element has one lane, or the four of a vec4f. What a kernel's text does with it is in `access.ts`. */
export class Cells {
  /** Numbers of an element. */
  readonly lanes: 1 | 4
  /** In elements. */
  readonly size: number
  readonly values: Storage | Float64Array
  readonly races: Races | undefined
  readonly #name: string

  private constructor(name: string, values: Storage | Float64Array, lanes: 1 | 4, races: Races | undefined) {
    this.#name = name
    this.values = values
    this.lanes = lanes
    this.size = values.length / lanes
    this.races = races
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

  /** Fills the memory with NaN, because a workgroup finds shared memory undefined. */
  poison(): void {
    this.values.fill(Number.NaN)
    this.races?.nextPhase()
  }

  /** What was written before is now seen by all. */
  barrier(): void {
    this.races?.nextPhase()
  }

  /** For a thread that uses an element that there is not. */
  outside(frame: Frame, element: number): never {
    throw new InvariantError(`${who(frame)} uses ${this.#name}[${element}], which has ${this.size} elements`)
  }
}
