/** The type rules of values: each returns the value's type or throws, naming what does not fit. */

import { invariant, InvariantError } from '../diagnostics/invariant.ts'
import { intrinsic, isIntrinsic } from './intrinsics.ts'
import { shapeFields, strideFields } from '../../runtime/contract/shape.ts'
import type { BinaryOperator, Binding, ScalarType, SharedArray, Value, ValueType } from './kernel.ts'
import { typeOf } from './types.ts'

/** A name in scope: its type, and whether it is a `var`, which statements may assign to. */
export interface Declared {
  readonly type: ValueType
  readonly assignable: boolean
}

/** The names, buffers and shared arrays that a value may refer to. */
export interface Names {
  readonly scope: ReadonlyMap<string, Declared>
  readonly buffers: ReadonlyMap<string, Binding>
  readonly shared: ReadonlyMap<string, SharedArray>
  /** Whether four numbers of an f32 array may be read at once. */
  readonly fours: boolean
}

/** Whether memory of this element takes or gives four numbers at once where the type of a value is this one. */
export function isFour(element: ScalarType | 'vec4f', type: ValueType): boolean {
  return element === 'f32' && type === 'vec4f'
}

/** Returns the type of a value whose parts all fit; throws an `InvariantError` otherwise. */
export function checkValue(value: Value, names: Names): ValueType {
  const expect = (part: Value, type: ValueType, what: string): void => {
    const found = checkValue(part, names)
    invariant(found === type, `${what} is ${type}, not ${found}`)
  }
  switch (value.kind) {
    case 'number':
      checkNumber(value.type, value.value)
      break
    case 'name': {
      const declared = names.scope.get(value.name)
      invariant(declared !== undefined, `the name ${value.name} is declared where it is used`)
      invariant(
        declared.type === value.type,
        `${value.name} is ${declared.type}, as declared, not ${value.type}`,
      )
      break
    }
    case 'thread':
    case 'workgroup':
      break
    case 'shape':
      invariant(
        [...shapeFields, ...strideFields].includes(value.field),
        `${value.field} is a field of the shape`,
      )
      break
    case 'bufferLength':
      invariant(names.buffers.has(value.buffer), `the buffer ${value.buffer} is bound`)
      break
    case 'load':
      expect(value.index, 'u32', `an index of ${value.buffer}`)
      checkElement(bufferOf(value, names), `the buffer ${value.buffer} is bound`, value.type, names)
      break
    case 'sharedLoad':
      expect(value.index, 'u32', `an index of ${value.array}`)
      checkElement(
        names.shared.get(value.array),
        `the shared array ${value.array} is declared`,
        value.type,
        names,
      )
      break
    case 'lane':
      expect(value.vector, 'vec4f', 'what a lane is taken of')
      break
    case 'vec4':
      for (const lane of value.lanes) expect(lane, 'f32', 'a lane of a vec4f')
      break
    case 'splat':
      expect(value.value, 'f32', 'what fills a vec4f')
      break
    case 'unary': {
      const type = checkValue(value.operand, names)
      const fits = value.operator === '!' ? type === 'bool' : type !== 'bool' && type !== 'u32'
      invariant(fits, `${value.operator} has a meaning on ${type}`)
      break
    }
    case 'binary': {
      const type = checkValue(value.left, names)
      expect(value.right, type, `the right of ${value.operator}, as its left,`)
      invariant(operandTypes(value.operator).includes(type), `${value.operator} has a meaning on ${type}`)
      break
    }
    case 'select':
      expect(value.condition, 'bool', 'the condition of a select')
      expect(value.no, checkValue(value.yes, names), 'the second case of a select, as its first,')
      break
    case 'call':
      checkCall(value, names)
      break
    case 'convert': {
      const type = checkValue(value.value, names)
      invariant(type !== 'vec4f', `a vec4f is not converted to ${value.to}`)
      break
    }
  }
  return typeOf(value)
}

/** The buffer of a load. Of one of vec4f single numbers are read, too. */
function bufferOf(load: Extract<Value, { kind: 'load' }>, { buffers }: Names): Binding | undefined {
  const buffer = buffers.get(load.buffer)
  return buffer?.element === 'vec4f' && load.type === 'f32' ? { ...buffer, element: 'f32' } : buffer
}

/** Memory exists, and its element is of the type that a value reads, or four of them are. */
function checkElement(
  memory: Binding | SharedArray | undefined,
  exists: string,
  type: ValueType,
  { fours }: Names,
): void {
  invariant(memory !== undefined, exists)
  const fits = memory.element === type || (fours && isFour(memory.element, type))
  invariant(fits, `${memory.name} holds ${memory.element}, not ${type}`)
}

/**
 * Constants of the user's file fold to a number beyond f32, though f32 holds each of them: an error of the
 * file, not of the lowering.
 */
export class BeyondSingle extends InvariantError {}

function checkNumber(type: ScalarType, value: number): void {
  if (type === 'f32' && Math.abs(value) === Infinity) throw new BeyondSingle(`${value} is no number of f32`)
  const fits = {
    f32: Number.isFinite(value) && Object.is(Math.fround(value), value),
    i32: (value | 0) === value,
    u32: value >>> 0 === value,
    bool: value === 0 || value === 1,
  }
  invariant(fits[type], `the number ${value} is a value of ${type}`)
}

function checkCall({ intrinsic: name, args }: Extract<Value, { kind: 'call' }>, names: Names): void {
  invariant(isIntrinsic(name), `${name} is an intrinsic`)
  const { arity, takes } = intrinsic(name)
  invariant(args.length === arity, `${name} takes ${arity} arguments, not ${args.length}`)
  const types = args.map((argument) => checkValue(argument, names))
  const [type] = types
  invariant(type !== undefined && takes.includes(type), `${name} takes ${takes.join(' or ')}, not ${type}`)
  invariant(
    types.every((other) => other === type),
    `the arguments of ${name} have one type, not ${types.join(' and ')}`,
  )
  if (name === 'power') invariant(isConstant(args[1]), 'the exponent of power is a constant')
}

function isConstant(value: Value | undefined): boolean {
  return value?.kind === 'number' || (value?.kind === 'splat' && isConstant(value.value))
}

function operandTypes(operator: BinaryOperator): readonly ValueType[] {
  switch (operator) {
    case '+':
    case '-':
    case '*':
    case '/':
      return ['f32', 'vec4f', 'i32', 'u32']
    case '%':
      return ['i32', 'u32']
    case '<':
    case '<=':
    case '>':
    case '>=':
      return ['f32', 'i32', 'u32']
    case '==':
    case '!=':
      return ['f32', 'i32', 'u32', 'bool']
    case '&&':
    case '||':
      return ['bool']
  }
}
