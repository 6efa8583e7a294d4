/** What names mean while a kernel is made ready to be interpreted: slots of a thread's frame, and memory. */

import { invariant } from '../../diagnostics/invariant.ts'
import type { ValueType } from '../kernel.ts'
import { firstFreeSlot } from './frame.ts'

/** What all scopes of one kernel have in common. */
export interface Environment {
  readonly memory: ReadonlyMap<string, { readonly lanes: 1 | 4 }>
  /** Length of a frame so far; declarations extend it. */
  slots: number
}

/**
 * Maps the names of one block to slots of a thread's frame, or to names of the JavaScript that they are local to; a name
 * declared in an inner block is unknown outside it.
 */
export class Scope {
  readonly environment: Environment
  readonly #slots: Map<string, number>
  readonly #locals: Map<string, readonly string[]>

  private constructor(environment: Environment, outer?: Scope) {
    this.environment = environment
    this.#slots = new Map(outer === undefined ? [] : outer.#slots)
    this.#locals = new Map(outer === undefined ? [] : outer.#locals)
  }

  static of(memory: Environment['memory']): Scope {
    return new Scope({ memory, slots: firstFreeSlot })
  }

  inner(): Scope {
    return new Scope(this.environment, this)
  }

  /** The first of the slots for a new name: one, or the four of a vec4f. */
  declare(name: string, type: ValueType): number {
    const slot = this.environment.slots
    this.environment.slots += lanesOf(type).length
    this.#slots.set(name, slot)
    this.#locals.delete(name)
    return slot
  }

  /** A new name that no other stretch of the kernel sees. @param lanes a name of the JavaScript for each lane */
  declareLocal(name: string, lanes: readonly string[]): void {
    this.#locals.set(name, lanes)
  }

  slot(name: string): number {
    const slot = this.#slots.get(name)
    invariant(slot !== undefined, `the name ${name} is declared where it is used`)
    return slot
  }

  /** What is read and assigned to, for each lane. */
  places(name: string, type: ValueType): readonly string[] {
    return this.#locals.get(name) ?? lanesOf(type).map((lane) => `frame[${this.slot(name) + lane}]`)
  }

  /** Numbers of an element of the memory of that name. */
  lanes(name: string): 1 | 4 {
    const memory = this.environment.memory.get(name)
    invariant(memory !== undefined, `the memory ${name} is declared`)
    return memory.lanes
  }
}

/** The lanes of a type. */
export const lanesOf = (type: ValueType): readonly number[] => (type === 'vec4f' ? [0, 1, 2, 3] : [0])
