/** Where a kernel's memories lie, and addresses in them. */

import { invariant } from '../../../diagnostics/invariant.ts'
import type { Kernel, Value } from '../../../kernel/kernel.ts'
import { binary } from '../../../kernel/target.ts'
import {
  addressWord,
  alignment,
  elementsWord,
  scratchWord,
  shapeWord,
} from '../../../../runtime/contract/kernel-table.ts'
import type { Locals } from './locals.ts'
import type { Node } from './text.ts'

/** An address: an expression, and a constant that the instruction adds to it. */
export interface Address {
  readonly base: Node
  readonly offset: number
}

const elementBytes = { f32: 4, u32: 4, vec4f: 16 } as const

const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment

/** Bytes of scratch: each shared array begins where a vector may. */
export const scratchBytes = ({ shared }: Pick<Kernel, 'shared'>): number =>
  shared.reduce((sum, { element, length }) => sum + aligned(elementBytes[element] * length), 0)

/** The memories of one kernel. The entries of its table that it uses are read into locals once. */
export class Memory {
  readonly #kernel: Kernel
  readonly #locals: Locals
  readonly #read = new Map<string, Node>()

  constructor(kernel: Kernel, locals: Locals) {
    this.#kernel = kernel
    this.#locals = locals
  }

  /** Statements that read the entries of the table that are used. */
  get head(): readonly Node[] {
    return [...this.#read.values()]
  }

  /** The number of elements of a buffer. */
  elements(buffer: string): Node {
    return this.#word(`${buffer}.length`, elementsWord(this.#binding(buffer)))
  }

  /** A size of the call. */
  shape(field: Parameters<typeof shapeWord>[1]): Node {
    return this.#word(`shape.${field}`, shapeWord(this.#kernel.bindings.length, field))
  }

  /** Of an element of a buffer; the index is given twice, as it is and as it is printed without a constant. */
  ofBuffer(buffer: string, index: Value, print: (value: Value) => Node): Address {
    const base = this.#word(buffer, addressWord(this.#binding(buffer)))
    return within(base, 0, 4, index, print)
  }

  /** Of an element of a shared array. */
  ofArray(array: string, index: Value, print: (value: Value) => Node): Address {
    const { shared, bindings } = this.#kernel
    const place = shared.findIndex(({ name }) => name === array)
    const element = shared[place]?.element
    invariant(element !== undefined, `the shared array ${array} is declared`)
    const base = this.#word('scratch', scratchWord(bindings.length))
    return within(base, scratchBytes({ shared: shared.slice(0, place) }), elementBytes[element], index, print)
  }

  #binding(buffer: string): number {
    const place = this.#kernel.bindings.findIndex(({ name }) => name === buffer)
    invariant(place !== -1, `the buffer ${buffer} is bound`)
    return place
  }

  #word(name: string, word: number): Node {
    const local = this.#locals.own(name, 'i32')
    if (!this.#read.has(name))
      this.#read.set(name, ['local.set', local, ['i32.load', ...offsetOf(4 * word), ['local.get', '$table']]])
    return ['local.get', local]
  }
}

/** The constant offset of a load or a store, if it has one. */
export const offsetOf = (bytes: number): readonly string[] => (bytes === 0 ? [] : [`offset=${bytes}`])

/**
 * Indexes wrap where they are computed, as in `row - 1 + 1`, and the sum of address and constant does not. It need not
 * where what lies so little in front of a buffer has an address.
 */
const mostFolded = 4096

function within(
  base: Node,
  offset: number,
  bytes: 4 | 16,
  index: Value,
  print: (value: Value) => Node,
): Address {
  const { rest, constant } = split(index)
  if (rest === undefined && constant * bytes < 2 ** 31) return { base, offset: offset + constant * bytes }
  const folded = rest !== undefined && constant * bytes <= mostFolded
  const scaled: Node = ['i32.shl', print(folded ? rest : index), ['i32.const', bytes === 4 ? '2' : '4']]
  return { base: ['i32.add', base, scaled], offset: offset + (folded ? constant * bytes : 0) }
}

/** A u32 as what is added to a constant, also under products by constants. */
function split(value: Value): { readonly rest?: Value; readonly constant: number } {
  if (value.kind === 'number') return { constant: value.value }
  if (value.kind !== 'binary' || (value.operator !== '+' && value.operator !== '*'))
    return { rest: value, constant: 0 }
  const [left, right] = [split(value.left), split(value.right)]
  if (value.operator === '+') {
    const constant = left.constant + right.constant
    if (left.rest === undefined || right.rest === undefined) return { ...left, ...right, constant }
    if (constant === 0) return { rest: value, constant }
    return { rest: binary('+', left.rest, right.rest), constant }
  }
  if (left.rest === undefined || right.rest !== undefined || left.constant === 0)
    return { rest: value, constant: 0 }
  return { rest: binary('*', left.rest, value.right), constant: left.constant * right.constant }
}
