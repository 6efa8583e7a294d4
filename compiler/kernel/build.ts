/**
 * Constructors of the kernel IR, for the code that writes kernels.
 *
 * Where two operands meet, a plain number takes the other's type, so that
 * `add(mul(row, 64), column)` reads as it is meant. Numbers fold. Integers also
 * drop `+ 0`, `* 1` and their like; floats drop only what is exact for every
 * float, which `x + 0` is not (it turns −0 into 0).
 */

import { invariant } from '../diagnostics/invariant.ts'
import { intrinsic as intrinsicNamed } from './intrinsics.ts'
import type { IntrinsicName } from './intrinsics.ts'
import type { BinaryOperator, Binding, ScalarType, SharedArray, Value, ValueType } from './kernel.ts'
import type { CallField } from '../../runtime/contract/shape.ts'
import { binary } from './fold.ts'
import { typeOf } from './types.ts'

export * from './build-statements.ts'
export { typeOf } from './types.ts'

/** A value, or a number of whatever type the place asks for. */
export type Operand = Value | number

/** A constant, rounded to the nearest f32. */
export const f32 = (value: number): Value => ({ kind: 'number', type: 'f32', value: Math.fround(value) })
/** A constant truth value; the IR stores it as 1 or 0. */
export const bool = (value: boolean): Value => ({ kind: 'number', type: 'bool', value: value ? 1 : 0 })

/** A constant index or count; throws unless it is an integer in [0, 2³²). */
export function u32(value: number): Value {
  invariant(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, `${value} is a u32`)
  return { kind: 'number', type: 'u32', value }
}

/** A constant signed integer; throws unless it lies in [−2³¹, 2³¹). */
export function i32(value: number): Value {
  invariant((value | 0) === value, `${value} is an i32`)
  return { kind: 'number', type: 'i32', value }
}

/** A number as a value of a type. */
export function constant(type: ValueType, value: number): Value {
  switch (type) {
    case 'f32':
      return f32(value)
    case 'u32':
      return u32(value)
    case 'i32':
      return i32(value)
    case 'bool':
      return bool(value !== 0)
    case 'vec4f':
      return splat(value)
  }
}

/** The thread's index in its workgroup, u32. */
export const thread: Value = { kind: 'thread' }
/** The workgroup's linear index in the dispatch, u32. */
export const workgroup: Value = { kind: 'workgroup' }
/** A size of the call, u32, from the shape uniform. */
export const shape = (field: CallField): Value => ({ kind: 'shape', field })
/** How many numbers the caller bound to a buffer, u32. */
export const bufferLength = (buffer: Binding): Value => ({ kind: 'bufferLength', buffer: buffer.name })
/** Refers to a `let`, a `var` or a loop index by name, for code that does not hold its declaration. */
export const name = (name: string, type: ValueType): Value => ({ kind: 'name', type, name })

/** The sum of all operands, from left to right; at least one is a typed value. */
export const add = (first: Operand, ...rest: readonly Operand[]): Value => chain('+', first, rest)
/** The product of all operands, from left to right; at least one is a typed value. */
export const mul = (first: Operand, ...rest: readonly Operand[]): Value => chain('*', first, rest)
/** True if all operands are; a constant operand folds away. */
export const and = (first: Value, ...rest: readonly Value[]): Value => chain('&&', first, rest)
/** True if any operand is; a constant operand folds away. */
export const or = (first: Value, ...rest: readonly Value[]): Value => chain('||', first, rest)
/** left − right; a u32 wraps below 0, so callers clamp first. */
export const sub = (left: Operand, right: Operand): Value => meet('-', left, right)
/** left / right; integers truncate towards 0, and u32 thereby rounds down. */
export const div = (left: Operand, right: Operand): Value => meet('/', left, right)
/** The remainder of an integer division, with the sign of the dividend. */
export const mod = (left: Operand, right: Operand): Value => meet('%', left, right)
/** left < right on scalars, a bool. */
export const lt = (left: Operand, right: Operand): Value => meet('<', left, right)
/** left ≤ right on scalars, a bool. */
export const le = (left: Operand, right: Operand): Value => meet('<=', left, right)
/** left > right on scalars, a bool. */
export const gt = (left: Operand, right: Operand): Value => meet('>', left, right)
/** left ≥ right on scalars, a bool. */
export const ge = (left: Operand, right: Operand): Value => meet('>=', left, right)
/** left = right on scalars, a bool. */
export const eq = (left: Operand, right: Operand): Value => meet('==', left, right)
/** left ≠ right on scalars, a bool. */
export const ne = (left: Operand, right: Operand): Value => meet('!=', left, right)

/** The negative of an f32, a vec4f or an i32; constants fold. */
export function neg(operand: Value): Value {
  if (operand.kind === 'number') return constant(operand.type, -operand.value)
  return { kind: 'unary', operator: '-', operand }
}

/** The opposite of a bool; constants fold. */
export function not(operand: Value): Value {
  if (operand.kind === 'number') return bool(operand.value === 0)
  return { kind: 'unary', operator: '!', operand }
}

/** Reads one number of a storage buffer; the index counts numbers and is u32. */
export function load(buffer: Binding, index: Operand): Value {
  const type = buffer.element === 'u32' ? 'u32' : 'f32'
  return { kind: 'load', type, buffer: buffer.name, index: toIndex(index) }
}

/** Reads four neighbouring numbers of a buffer that a kernel of several threads binds as vec4f; the index counts fours. */
export function loadVector(buffer: Binding, index: Operand): Value {
  invariant(buffer.element !== 'u32', `four numbers are read of ${buffer.name}, which holds u32`)
  return { kind: 'load', type: 'vec4f', buffer: buffer.name, index: toIndex(index) }
}

/** Reads four consecutive numbers of an f32 buffer, the first at `index`; for kernels of one thread. */
export function loadFour(buffer: Binding, index: Operand): Value {
  invariant(
    buffer.element === 'f32',
    `four numbers are read of ${buffer.name}, which holds ${buffer.element}`,
  )
  return { kind: 'load', type: 'vec4f', buffer: buffer.name, index: toIndex(index) }
}

/** Reads four consecutive numbers of an f32 shared array, the first at `index`; for kernels of one thread. */
export function sharedLoadFour(array: SharedArray, index: Operand): Value {
  invariant(array.element === 'f32', `four numbers are read of ${array.name}, which holds ${array.element}`)
  return { kind: 'sharedLoad', type: 'vec4f', array: array.name, index: toIndex(index) }
}

/** Reads one element of a shared array, a whole vec4f where the array holds them. */
export function sharedLoad(array: SharedArray, index: Operand): Value {
  return { kind: 'sharedLoad', type: array.element, array: array.name, index: toIndex(index) }
}

/** One f32 of a vec4f; taken directly if the vector is spelt lane by lane. */
export function lane(vector: Value, lane: 0 | 1 | 2 | 3): Value {
  if (vector.kind === 'vec4') return vector.lanes[lane]
  if (vector.kind === 'splat') return vector.value
  return { kind: 'lane', vector, lane }
}

/** A vec4f of four f32 lanes; plain numbers become f32. */
export function vec4(x: Operand, y: Operand, z: Operand, w: Operand): Value {
  return { kind: 'vec4', lanes: [toF32(x), toF32(y), toF32(z), toF32(w)] }
}

/** A vec4f with the same f32 in all four lanes. */
export const splat = (value: Operand): Value => ({ kind: 'splat', value: toF32(value) })

/**
 * `yes` where the condition holds, else `no`; a device evaluates both, so a load in either must stay in
 * bounds.
 */
export function select(condition: Value, yes: Operand, no: Operand): Value {
  const [left, right] = alike(yes, no)
  if (condition.kind === 'number') return condition.value !== 0 ? left : right
  return { kind: 'select', condition, yes: left, no: right }
}

/** An intrinsic; plain numbers take the type of the first argument that is a value, else f32. */
export function call(intrinsic: IntrinsicName, ...args: readonly Operand[]): Value {
  const { arity } = intrinsicNamed(intrinsic)
  invariant(
    args.length === arity,
    `${intrinsic} takes ${arity} arguments, and a kernel gives it ${args.length}`,
  )
  const typed = args.find((argument) => typeof argument !== 'number')
  const type = typed === undefined ? 'f32' : typeOf(typed)
  return {
    kind: 'call',
    intrinsic,
    args: args.map((argument) => (typeof argument === 'number' ? constant(type, argument) : argument)),
  }
}

/** a·b + c with one rounding or two, as the device likes. */
export const fma = (a: Operand, b: Operand, c: Operand): Value => call('fma', a, b, c)

/** The value as another scalar type; a float becomes an integer by truncation, and constants fold. */
export function convert(to: ScalarType, value: Value): Value {
  if (typeOf(value) === to) return value
  if (value.kind === 'number')
    return constant(to, to === 'bool' || to === 'f32' ? value.value : Math.trunc(value.value))
  return { kind: 'convert', to, value }
}

function toIndex(index: Operand): Value {
  const value = typeof index === 'number' ? u32(index) : index
  invariant(typeOf(value) === 'u32', `an index is u32, and here it is ${typeOf(value)}`)
  return value
}

function toF32(operand: Operand): Value {
  const value = typeof operand === 'number' ? f32(operand) : operand
  invariant(typeOf(value) === 'f32', `a lane is f32, and here it is ${typeOf(value)}`)
  return value
}

function chain(operator: BinaryOperator, first: Operand, rest: readonly Operand[]): Value {
  const result = rest.reduce((left, right) => meet(operator, left, right), first)
  invariant(typeof result !== 'number', `at least one operand of ${operator} is a typed value`)
  return result
}

function meet(operator: BinaryOperator, left: Operand, right: Operand): Value {
  const [a, b] = alike(left, right)
  invariant(
    typeOf(a) === typeOf(b),
    `both sides of ${operator} have one type, not ${typeOf(a)} and ${typeOf(b)}`,
  )
  return binary(operator, a, b)
}

function alike(left: Operand, right: Operand): [Value, Value] {
  if (typeof left !== 'number')
    return [left, typeof right === 'number' ? constant(typeOf(left), right) : right]
  invariant(typeof right !== 'number', 'at least one of two operands is a typed value')
  return [constant(typeOf(right), left), right]
}
