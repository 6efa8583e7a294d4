/** What names mean while a kernel is made ready to be interpreted: slots of a thread's frame, and memory. */

import { invariant } from '../../diagnostics/invariant.ts'
import type { ValueType } from '../kernel.ts'
import type { ShapeField } from '../../../runtime/contract/shape.ts'
import { firstFreeSlot } from './memory.ts'
import type { Memory } from './memory.ts'

/** What all scopes of one kernel have in common. */
export interface Environment {
  readonly memory: ReadonlyMap<string, Memory>
  readonly shape: Readonly<Record<ShapeField, number>>
  /** Length of a frame so far; declarations extend it. */
  slots: number
}

/**
 * Maps the names of one block to slots of a thread's frame; a name declared in an inner block is unknown
 * outside it.
 */
export class Scope {
  readonly environment: Environment
  readonly #slots: Map<string, number>

  private constructor(environment: Environment, slots: ReadonlyMap<string, number>) {
    this.environment = environment
    this.#slots = new Map(slots)
  }

  static of(memory: Environment['memory'], shape: Environment['shape']): Scope {
    return new Scope({ memory, shape, slots: firstFreeSlot }, new Map())
  }

  inner(): Scope {
    return new Scope(this.environment, this.#slots)
  }

  /** The first of the slots for a new name: one, or the four of a vec4f. */
  declare(name: string, type: ValueType): number {
    const slot = this.environment.slots
    this.environment.slots += type === 'vec4f' ? 4 : 1
    this.#slots.set(name, slot)
    return slot
  }

  slot(name: string): number {
    const slot = this.#slots.get(name)
    invariant(slot !== undefined, `the name ${name} is declared where it is used`)
    return slot
  }

  cells(name: string): Memory {
    const cells = this.environment.memory.get(name)
    invariant(cells !== undefined, `the memory ${name} is declared`)
    return cells
  }
}
