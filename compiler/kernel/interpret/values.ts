/** Values as JavaScript on a thread's frame, one lane at a time, rounded after each operation. */

import { invariant } from '../../diagnostics/invariant.ts'
import { isIntrinsic } from '../intrinsics.ts'
import type { BinaryOperator, Value, ValueType } from '../kernel.ts'
import { typeOf } from '../types.ts'
import { writeCall } from './access.ts'
import { threadSlot, workgroupSlot } from './frame.ts'
import type { Frame } from './frame.ts'
import { lanesOf } from './scope.ts'
import type { Scope } from './scope.ts'
import { made, names, Text } from './text.ts'
import type { Machine } from './text.ts'

/** Truth values are 1 and 0. */
export type Evaluate = (frame: Frame) => number

/** A value's first lane as a function, which is compiled when it is first called. */
export function compileValue(value: Value, scope: Scope, machine: Machine): Evaluate {
  const text = new Text(writeCall)
  const [first] = writeValue(value, scope, text)
  const lines = ['return (frame) => {', ...text.lines, `return ${first};`, '}']
  let evaluate: Evaluate | undefined
  return (frame) => (evaluate ??= made<Evaluate>(scope.environment.memory.keys(), lines)(machine))(frame)
}

/**
 * An expression for each lane: the four of a vec4f, or one. What comes before it goes into `text`: loads, in their order,
 * and what all lanes have in common.
 */
export function writeValue(value: Value, scope: Scope, text: Text): readonly string[] {
  switch (value.kind) {
    case 'number':
      return [Object.is(value.value, -0) ? '-0' : String(value.value)]
    case 'name':
      return scope.places(value.name, value.type)
    case 'thread':
      return [`frame[${threadSlot}]`]
    case 'workgroup':
      return [`frame[${workgroupSlot}]`]
    case 'shape':
      return [names.field(value.field)]
    case 'bufferLength': {
      return [`${names.size(value.buffer)} * ${scope.lanes(value.buffer)}`]
    }
    case 'load':
    case 'sharedLoad':
      return writeLoad(value, scope, text)
    case 'lane':
      return [at(writeValue(value.vector, scope, text), value.lane)]
    case 'vec4':
      return value.lanes.map((part) => writeScalar(part, scope, text))
    case 'splat': {
      const one = text.keep(writeScalar(value.value, scope, text))
      return lanesOf('vec4f').map(() => one)
    }
    case 'unary': {
      const operand = writeValue(value.operand, scope, text)
      if (value.operator === '!') return operand.map((lane) => `1 - (${lane})`)
      return operand.map((lane) => (typeOf(value) === 'i32' ? `-(${lane}) | 0` : `-(${lane})`))
    }
    case 'binary':
      return writeBinary(value, scope, text)
    case 'select': {
      const yes = writeValue(value.yes, scope, text).map((lane) => text.keep(lane))
      const no = writeValue(value.no, scope, text).map((lane) => text.keep(lane))
      const condition = text.keep(writeScalar(value.condition, scope, text))
      return yes.map((lane, place) => `${condition} !== 0 ? ${lane} : ${at(no, place)}`)
    }
    case 'call': {
      const { intrinsic: name, args } = value
      invariant(isIntrinsic(name), `${name} is an intrinsic`)
      const written = args.map((argument) => writeValue(argument, scope, text))
      return lanesOf(typeOf(value)).map((lane) =>
        rounded(typeOf(value), `${names.intrinsic(name)}(${written.map((one) => at(one, lane)).join(', ')})`),
      )
    }
    case 'convert':
      return [converted(typeOf(value.value), value.to, writeScalar(value.value, scope, text))]
  }
}

/** See `writeValue`; of a value that is one number. */
export const writeScalar = (value: Value, scope: Scope, text: Text): string =>
  at(writeValue(value, scope, text), 0)

function at(lanes: readonly string[], lane: number): string {
  const text = lanes[lane]
  invariant(text !== undefined, `a value has a lane ${lane}`)
  return text
}

function writeLoad(
  value: Extract<Value, { kind: 'load' | 'sharedLoad' }>,
  scope: Scope,
  text: Text,
): readonly string[] {
  const name = value.kind === 'load' ? value.buffer : value.array
  const index = text.keep(writeScalar(value.index, scope, text))
  return text.writeLoad(text, name, scope.lanes(name), index, value.type)
}

function writeBinary(
  { operator, left, right }: Extract<Value, { kind: 'binary' }>,
  scope: Scope,
  text: Text,
): readonly string[] {
  const first = writeValue(left, scope, text)
  if (operator === '&&' || operator === '||') {
    // The right operand is not looked at where the left one decides.
    const result = text.fresh()
    text.line(`let ${result} = Number((${at(first, 0)}) !== 0);`)
    text.line(`if (${result} === ${operator === '&&' ? 1 : 0}) {`)
    text.line(`${result} = ${writeScalar(right, scope, text)}; }`)
    return [result]
  }
  const second = writeValue(right, scope, text)
  const type = typeOf(left)
  return first.map((lane, place) => binary(operator, type, `(${lane})`, `(${at(second, place)})`))
}

type Arithmetic = Exclude<BinaryOperator, '&&' | '||'>

function binary(operator: Arithmetic, type: ValueType, left: string, right: string): string {
  const integers = type === 'i32' || type === 'u32'
  switch (operator) {
    case '+':
    case '-':
      return rounded(type, `${left} ${operator} ${right}`)
    case '*':
      return rounded(type, integers ? `Math.imul(${left}, ${right})` : `${left} * ${right}`)
    case '/':
      return rounded(type, integers ? `Math.trunc(${left} / divisor(${right}))` : `${left} / ${right}`)
    case '%':
      return rounded(type, `${left} % divisor(${right})`)
    case '==':
    case '!=':
      return `Number(${left} ${operator}= ${right})`
    default:
      return `Number(${left} ${operator} ${right})`
  }
}

/** From a number to the nearest value of the type; integers wrap. */
function rounded(type: ValueType, value: string): string {
  switch (type) {
    case 'f32':
    case 'vec4f':
      return `Math.fround(${value})`
    case 'i32':
      return `(${value}) | 0`
    case 'u32':
      return `(${value}) >>> 0`
    case 'bool':
      return `Number(${value})`
  }
}

/** Conversions of a float to an integer cut the fraction and stop at the ends of the type. */
function converted(from: ValueType, to: ValueType, value: string): string {
  if (to === 'bool') return `Number((${value}) !== 0)`
  if (from !== 'f32' || to === 'f32') return rounded(to, value)
  const [least, most] = to === 'u32' ? [0, 0xffffffff] : [-0x80000000, 0x7fffffff]
  return `Math.min(Math.max(Math.trunc(${value}), ${least}), ${most})`
}
