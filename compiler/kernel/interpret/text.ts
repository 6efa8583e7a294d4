/** The JavaScript of a kernel while it is written, and what it finds when it is run. */

import { strideFields, shapeFields } from '../../../runtime/contract/shape.ts'
import type { CallField } from '../../../runtime/contract/shape.ts'
import { fieldOf } from '../../../runtime/contract/size.ts'
import type { Fields } from '../../../runtime/contract/size.ts'
import { InvariantError } from '../../diagnostics/invariant.ts'
import type { ValueType } from '../kernel.ts'
import { intrinsics } from '../intrinsics.ts'

/** What a kernel reads and writes, and the sizes of the call. */
export interface Machine {
  /** `Cells`, or what is read by calls. */
  readonly memory: ReadonlyMap<string, object>
  readonly shape: Fields
}

/** Writes a load, of one number or of four, from an element or, of single numbers, from a number on. */
export type WriteLoad = (
  text: Text,
  memory: string,
  lanes: 1 | 4,
  index: string,
  type: ValueType,
) => readonly string[]

/** Lines of JavaScript, and names that none of them has. */
export class Text {
  readonly lines: string[] = []
  readonly writeLoad: WriteLoad
  #names = 0

  /** @param writeLoad how memory is read */
  constructor(writeLoad: WriteLoad) {
    this.writeLoad = writeLoad
  }

  line(line: string): void {
    this.lines.push(line)
  }

  fresh(): string {
    return `t${this.#names++}`
  }

  /** Has a value computed here and once, if it is more than a name. @returns what stands for it */
  keep(value: string): string {
    if (/^-?\w+$/.test(value)) return value
    const name = this.fresh()
    this.line(`const ${name} = ${value};`)
    return name
  }
}

/** What a text calls the memory of a name and the parts of it, the sizes of a call, and functions. */
export const names = {
  memory: (name: string): string => `memory_${name}`,
  values: (name: string): string => `values_${name}`,
  size: (name: string): string => `size_${name}`,
  races: (name: string): string => `races_${name}`,
  field: (field: CallField): string => `sizes.${field}`,
  intrinsic: (name: string): string => `functions.${name}`,
} as const

const functions = Object.fromEntries(Object.entries(intrinsics).map(([name, { value }]) => [name, value]))

function divisor(value: number): number {
  if (value === 0) throw new InvariantError('a kernel divides an integer by zero')
  return value
}

/** What a text makes, on the machine that it is given. */
export type Maker<T> = (machine: Machine) => T

/**
 * A text as a function. V8 compiles it as any other, so that a kernel is interpreted some ten times as fast as by a
 * function for every operation.
 *
 * @param memories that it names
 */
export function made<T>(memories: Iterable<string>, lines: readonly string[]): Maker<T> {
  const text = [
    "'use strict';",
    ...[...memories].flatMap((name) => [
      `const ${names.memory(name)} = memory.get(${JSON.stringify(name)});`,
      `const { values: ${names.values(name)}, size: ${names.size(name)}, races: ${names.races(name)} } = ${names.memory(name)};`,
    ]),
    ...lines,
  ].join('\n')
  // The text is made of a verified kernel, whose names are identifiers, and of nothing that anyone else wrote.
  // oxlint-disable-next-line typescript/no-implied-eval
  const make = new Function('memory', 'sizes', 'functions', 'divisor', text) as (...given: unknown[]) => T
  return ({ memory, shape }) => {
    const fields = [...shapeFields, ...strideFields]
    const sizes = Object.fromEntries(fields.map((field) => [field, fieldOf(shape, field)]))
    return make(memory, sizes, functions, divisor)
  }
}
