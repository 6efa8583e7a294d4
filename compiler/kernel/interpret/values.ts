/** Values as functions of a thread's frame, one lane at a time, rounded after each operation. */

import { fieldOf } from '../../../runtime/contract/size.ts'
import { invariant, InvariantError } from '../../diagnostics/invariant.ts'
import { intrinsic, isIntrinsic } from '../intrinsics.ts'
import type { BinaryOperator, Value, ValueType } from '../kernel.ts'
import { typeOf } from '../types.ts'
import { threadSlot, workgroupSlot } from './memory.ts'
import type { Frame } from './memory.ts'
import type { Scope } from './scope.ts'

/** Truth values are 1 and 0. */
export type Evaluate = (frame: Frame) => number

/** @param lane of a vec4f; a scalar has lane 0 alone */
export function compileValue(value: Value, scope: Scope, lane = 0): Evaluate {
  switch (value.kind) {
    case 'number': {
      const number = value.value
      return () => number
    }
    case 'name': {
      const slot = scope.slot(value.name) + lane
      return (frame) => frame[slot] ?? Number.NaN
    }
    case 'thread':
      return (frame) => frame[threadSlot] ?? Number.NaN
    case 'workgroup':
      return (frame) => frame[workgroupSlot] ?? Number.NaN
    case 'shape': {
      const size = fieldOf(scope.environment.shape, value.field)
      return () => size
    }
    case 'bufferLength': {
      const { size, lanes } = scope.cells(value.buffer)
      return () => size * lanes
    }
    case 'load':
    case 'sharedLoad':
      return compileLoad(value, scope, lane)
    case 'lane':
      return compileValue(value.vector, scope, value.lane)
    case 'vec4': {
      const part = value.lanes[lane]
      invariant(part !== undefined, `${lane} is a lane of a vec4f`)
      return compileValue(part, scope)
    }
    case 'splat':
      return compileValue(value.value, scope)
    case 'unary': {
      const operand = compileValue(value.operand, scope, lane)
      if (value.operator === '!') return (frame) => 1 - operand(frame)
      return typeOf(value) === 'i32' ? (frame) => -operand(frame) | 0 : (frame) => -operand(frame)
    }
    case 'binary':
      return compileBinary(
        value.operator,
        typeOf(value.left),
        compileValue(value.left, scope, lane),
        compileValue(value.right, scope, lane),
      )
    case 'select': {
      const condition = compileValue(value.condition, scope)
      const yes = compileValue(value.yes, scope, lane)
      const no = compileValue(value.no, scope, lane)
      return (frame) => {
        const [whenTrue, whenFalse] = [yes(frame), no(frame)]
        return condition(frame) !== 0 ? whenTrue : whenFalse
      }
    }
    case 'call': {
      const { intrinsic: name, args } = value
      invariant(isIntrinsic(name), `${name} is an intrinsic`)
      return compileCall(
        intrinsic(name).value,
        typeOf(value),
        args.map((argument) => compileValue(argument, scope, lane)),
      )
    }
    case 'convert':
      return compileConvert(typeOf(value.value), value.to, compileValue(value.value, scope))
  }
}

function compileLoad(
  value: Extract<Value, { kind: 'load' | 'sharedLoad' }>,
  scope: Scope,
  lane: number,
): Evaluate {
  const cells = scope.cells(value.kind === 'load' ? value.buffer : value.array)
  const index = compileValue(value.index, scope)
  if (value.type === 'vec4f')
    return (frame) => {
      const first = index(frame)
      cells.checkFour(frame, first)
      return cells.read(frame, first, lane)
    }
  if (cells.lanes === 1) return (frame) => cells.read(frame, index(frame), 0)
  // A number of a vec4f.
  return (frame) => {
    const number = index(frame)
    return cells.read(frame, Math.floor(number / 4), number % 4)
  }
}

function compileCall(
  of: (...numbers: number[]) => number,
  type: ValueType,
  args: readonly Evaluate[],
): Evaluate {
  const [first, second, third, fourth] = args
  invariant(first !== undefined && args.length <= 4, 'an intrinsic has one to four arguments')
  const round = rounding(type)
  if (second === undefined) return (frame) => round(of(first(frame)))
  if (third === undefined) return (frame) => round(of(first(frame), second(frame)))
  if (fourth === undefined) return (frame) => round(of(first(frame), second(frame), third(frame)))
  return (frame) => round(of(first(frame), second(frame), third(frame), fourth(frame)))
}

function compileBinary(operator: BinaryOperator, type: ValueType, left: Evaluate, right: Evaluate): Evaluate {
  const round = rounding(type)
  const integers = type === 'i32' || type === 'u32'
  switch (operator) {
    case '+':
      return (frame) => round(left(frame) + right(frame))
    case '-':
      return (frame) => round(left(frame) - right(frame))
    case '*':
      return integers
        ? (frame) => round(Math.imul(left(frame), right(frame)))
        : (frame) => Math.fround(left(frame) * right(frame))
    case '/':
      return integers
        ? (frame) => round(Math.trunc(left(frame) / divisor(right(frame))))
        : (frame) => Math.fround(left(frame) / right(frame))
    case '%':
      return (frame) => round(left(frame) % divisor(right(frame)))
    case '<':
      return (frame) => Number(left(frame) < right(frame))
    case '<=':
      return (frame) => Number(left(frame) <= right(frame))
    case '>':
      return (frame) => Number(left(frame) > right(frame))
    case '>=':
      return (frame) => Number(left(frame) >= right(frame))
    case '==':
      return (frame) => Number(left(frame) === right(frame))
    case '!=':
      return (frame) => Number(left(frame) !== right(frame))
    case '&&':
      return (frame) => (left(frame) !== 0 ? right(frame) : 0)
    case '||':
      return (frame) => (left(frame) !== 0 ? 1 : right(frame))
  }
}

function divisor(value: number): number {
  if (value === 0) throw new InvariantError('a kernel divides an integer by zero')
  return value
}

/** From a number to the nearest value of the type; integers wrap. */
function rounding(type: ValueType): (value: number) => number {
  switch (type) {
    case 'f32':
    case 'vec4f':
      return Math.fround
    case 'i32':
      return (value) => value | 0
    case 'u32':
      return (value) => value >>> 0
    case 'bool':
      return Number
  }
}

/** Conversions of a float to an integer cut the fraction and stop at the ends of the type. */
function compileConvert(from: ValueType, to: ValueType, value: Evaluate): Evaluate {
  if (to === 'bool') return (frame) => Number(value(frame) !== 0)
  if (from !== 'f32' || to === 'f32') {
    const round = rounding(to)
    return (frame) => round(value(frame))
  }
  const [least, most] = to === 'u32' ? [0, 0xffffffff] : [-0x80000000, 0x7fffffff]
  return (frame) => Math.min(Math.max(Math.trunc(value(frame)), least), most)
}
