/** Values as folded expressions of WAT. */

import { invariant } from '../../../diagnostics/invariant.ts'
import type { Value, ValueType } from '../../../kernel/kernel.ts'
import { children, floatText, isIntrinsic, typeOf } from '../../../kernel/target.ts'
import { watOperators } from '../operators.ts'
import { quotient, remainder } from './elementary.ts'
import type { Helpers } from './helpers.ts'
import { conversions, instruction, machineType } from './instructions.ts'
import type { Locals } from './locals.ts'
import { offsetOf } from './memory.ts'
import type { Address, Memory } from './memory.ts'
import type { Node } from './text.ts'
import { isStride } from '../../../../runtime/contract/size.ts'

const loads = { f32: 'f32.load', u32: 'i32.load', vec4f: 'v128.load' } as const

/** Prints the values of one kernel; collects what it needs of the table, locals and helpers on the way. */
export class ValuePrinter {
  readonly memory: Memory
  readonly locals: Locals
  readonly #helpers: Helpers

  constructor(memory: Memory, locals: Locals, helpers: Helpers) {
    this.memory = memory
    this.locals = locals
    this.#helpers = helpers
  }

  /** A function that a call names. */
  readonly functionOf = (name: string): Node | undefined => this.#helpers.functionOf(name)

  readonly print = (value: Value): Node => {
    switch (value.kind) {
      case 'number':
        return printNumber(value)
      case 'name':
        return ['local.get', this.locals.of(value.name, machineType(value.type))]
      case 'thread':
        return ['i32.const', '0']
      case 'workgroup':
        return ['local.get', '$workgroup']
      case 'shape':
        invariant(!isStride(value.field), 'tensors in memory are packed')
        return this.memory.shape(value.field)
      case 'bufferLength':
        return this.memory.elements(value.buffer)
      case 'load':
      case 'sharedLoad':
        return this.#load(loads[value.type], value)
      case 'lane':
        return ['f32x4.extract_lane', String(value.lane), this.print(value.vector)]
      case 'vec4':
        return this.#vector(value.lanes)
      case 'splat':
        return this.#splat(value.value)
      case 'unary':
        return this.#unary(value)
      case 'binary':
        return this.#binary(value)
      case 'select':
        return ['select', this.print(value.yes), this.print(value.no), this.print(value.condition)]
      case 'call':
        return this.#call(value)
      case 'convert':
        return this.#convert(value)
    }
  }

  /** The address of what a load reads or a store writes. */
  address(
    of: { readonly index: Value } & ({ readonly buffer: string } | { readonly array: string }),
  ): Address {
    return 'buffer' in of
      ? this.memory.ofBuffer(of.buffer, of.index, this.print)
      : this.memory.ofArray(of.array, of.index, this.print)
  }

  #load(spelt: string, value: Read): Node {
    const { base, offset } = this.address(value)
    return [spelt, ...offsetOf(offset), base]
  }

  #vector(lanes: readonly Value[]): Node {
    if (lanes.every(({ kind }) => kind === 'number'))
      return [
        'v128.const',
        'f32x4',
        ...lanes.map((lane) => (lane.kind === 'number' ? floatText(lane.value) : '')),
      ]
    const [first, ...others] = lanes
    invariant(first !== undefined, 'a vector has lanes')
    return others.reduce<Node>(
      (vector, lane, index) => {
        const which = String(index + 1)
        if (!isRead(lane)) return ['f32x4.replace_lane', which, vector, this.print(lane)]
        const { base, offset } = this.address(lane)
        return ['v128.load32_lane', ...offsetOf(offset), which, base, vector]
      },
      isRead(first) ? this.#load('v128.load32_zero', first) : this.#splat(first),
    )
  }

  #splat(value: Value): Node {
    if (value.kind === 'number') return this.#vector([value, value, value, value])
    if (isRead(value)) return this.#load('v128.load32_splat', value)
    return ['f32x4.splat', this.print(value)]
  }

  #unary({ operator, operand }: Extract<Value, { kind: 'unary' }>): Node {
    const inner = this.print(operand)
    if (operator === '!') return ['i32.eqz', inner]
    const type = typeOf(operand)
    if (type === 'f32') return ['f32.neg', inner]
    return type === 'vec4f' ? ['f32x4.neg', inner] : ['i32.sub', ['i32.const', '0'], inner]
  }

  #binary({ operator, left, right }: Extract<Value, { kind: 'binary' }>): Node {
    const type = typeOf(left)
    const spelt = instruction(operator, type)
    invariant(spelt !== undefined, `${operator} has a meaning on ${type}`)
    const [a, b] = [this.print(left), this.print(right)]
    const divide = operator === '/' ? quotient : operator === '%' ? remainder : undefined
    if (divide !== undefined && (type === 'i32' || type === 'u32') && right.kind !== 'number')
      return ['call', this.#helpers.require(divide(type)), a, b]
    // What a condition keeps from being read may be outside of all memory.
    if ((operator === '&&' || operator === '||') && reads(right)) {
      const [yes, no] = operator === '&&' ? [b, ['i32.const', '0']] : [['i32.const', '1'], b]
      return ['if', ['result', 'i32'], a, ['then', yes], ['else', no]]
    }
    return [spelt, a, b]
  }

  #call({ intrinsic, args }: Extract<Value, { kind: 'call' }>): Node {
    const [first] = args
    invariant(
      isIntrinsic(intrinsic) && first !== undefined,
      `${intrinsic} is an intrinsic, called with arguments`,
    )
    const spelling = watOperators[intrinsic](args, typeOf(first))
    const printed = spelling.args.map(this.print)
    return 'helper' in spelling
      ? ['call', this.#helpers.require(spelling.helper), ...printed]
      : [spelling.instruction, ...printed]
  }

  #convert({ to, value }: Extract<Value, { kind: 'convert' }>): Node {
    const from: ValueType = typeOf(value)
    const inner = this.print(value)
    if (to === 'bool' && from !== 'bool')
      return from === 'f32' ? ['f32.ne', inner, ['f32.const', '0.0']] : ['i32.ne', inner, ['i32.const', '0']]
    const spelt = conversions[`${to} of ${from}`]
    return spelt === undefined ? inner : [spelt, inner]
  }
}

type Read = Extract<Value, { kind: 'load' | 'sharedLoad' }>

const isRead = (value: Value): value is Read => value.kind === 'load' || value.kind === 'sharedLoad'

const reads = (value: Value): boolean => isRead(value) || children(value).some(reads)

function printNumber({ type, value }: Extract<Value, { kind: 'number' }>): Node {
  return type === 'f32' ? ['f32.const', floatText(value)] : ['i32.const', String(value)]
}
