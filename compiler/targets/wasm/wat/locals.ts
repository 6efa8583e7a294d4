/** The locals of a function: one for each name of the kernel, shared by blocks side by side where it has one type. */

import type { Node } from './text.ts'

type MachineType = 'i32' | 'f32' | 'v128'

/** Parameters of every kernel. */
const taken: ReadonlySet<string> = new Set(['first', 'end', 'table', 'workgroup', 'scratch'])

/** Names a function's locals; the printed text's own have names that no name of a kernel is. */
export class Locals {
  readonly #types = new Map<string, MachineType>()

  /** The local of a name of the kernel. */
  of(name: string, type: MachineType): string {
    const wanted = taken.has(name) ? `${name}_` : name
    const known = this.#types.get(wanted)
    return this.own(known === undefined || known === type ? wanted : `${wanted}.${type}`, type)
  }

  /** A local of the printed text's own. */
  own(name: string, type: MachineType): string {
    this.#types.set(name, type)
    return `$${name}`
  }

  /** Their declarations. */
  get nodes(): readonly Node[] {
    return [...this.#types].map(([name, type]) => ['local', `$${name}`, type])
  }
}
