/** Constructors of the kernel IR's statements; see `build.ts`, which re-exports them. */

import { invariant } from '../diagnostics/invariant.ts'
import type { Binding, SharedArray, Statement, Target, Value, ValueType } from './kernel.ts'
import { typeOf } from './types.ts'

/** Statements in nested lists, because lowering code puts bodies together from parts; `block` flattens them. */
export type Body = Statement | readonly Body[]

/** Flattens nested lists of statements into one list, in order. */
export function block(...parts: readonly Body[]): readonly Statement[] {
  return parts.flatMap((part) => ('kind' in part ? [part] : block(...part)))
}

type Declared = Extract<Statement, { kind: 'let' | 'var' }>

/** The name that a `let` or a `var` declares, as a value; that of a `var` may be assigned to. */
export function ref(of: Declared): Extract<Value, { kind: 'name' }> {
  return { kind: 'name', type: of.type, name: of.name }
}

/**
 * Declares a name that keeps its value; the type is that of the value. `let` is a keyword, hence the
 * underscore.
 */
export function let_(name: string, value: Value): Extract<Declared, { kind: 'let' }> {
  return { kind: 'let', name, type: typeOf(value), value }
}

/** Declares a variable with an initial value; `assign` changes it. */
export function var_(name: string, value: Value): Extract<Declared, { kind: 'var' }> {
  return { kind: 'var', name, type: typeOf(value), value }
}

/** Sets a variable to a value of its own type. */
export function assign(target: Target, value: Value): Statement {
  return { kind: 'assign', target, value: typed(target.type, value, `what is assigned to ${target.name}`) }
}

/** `index` runs from `from` while below `to`; the body is given the index. */
export function for_(
  index: string,
  from: Value | number,
  to: Value | number,
  step: number,
  body: (index: Value) => Body,
  rolled = false,
): Statement {
  invariant(Number.isInteger(step) && step > 0, `the step of ${index} is a positive integer, not ${step}`)
  return {
    kind: 'for',
    ...(rolled && { rolled }),
    index,
    from: toIndex(from),
    to: toIndex(to),
    step,
    body: block(body({ kind: 'name', type: 'u32', name: index })),
  }
}

/** Branches on a bool; barriers may stand inside only if the condition is uniform. */
export function if_(condition: Value, then: Body, otherwise?: Body): Statement {
  return {
    kind: 'if',
    condition: typed('bool', condition, 'a condition'),
    then: block(then),
    ...(otherwise === undefined ? {} : { otherwise: block(otherwise) }),
  }
}

/**
 * Writes one number of a buffer that is bound as `read_write`, or four of them where the value is a vec4f: in a kernel
 * of one thread from `index` on, in others with an index that counts fours.
 */
export function store(buffer: Binding, index: Value | number, value: Value): Statement {
  invariant(buffer.access === 'read_write', `a kernel stores to ${buffer.name}, which it may only read`)
  return {
    kind: 'store',
    buffer: buffer.name,
    index: toIndex(index),
    value: stored(value, buffer),
  }
}

/**
 * Writes one element of a shared array, which other threads see after the next barrier; in a kernel of one thread,
 * four of an f32 array from `index` on where the value is a vec4f.
 */
export function sharedStore(array: SharedArray, index: Value | number, value: Value): Statement {
  return {
    kind: 'sharedStore',
    array: array.name,
    index: toIndex(index),
    value: stored(value, array),
  }
}

/** Makes every thread of the workgroup wait, and shows each what the others have stored in shared memory. */
export const barrier: Statement = { kind: 'barrier' }
/** A remark that the printed kernel keeps, for its reader. */
export const comment = (text: string): Statement => ({ kind: 'comment', text })

function toIndex(index: Value | number): Value {
  return typed(
    'u32',
    typeof index === 'number' ? { kind: 'number', type: 'u32', value: index } : index,
    'an index',
  )
}

function stored(value: Value, { name, element }: Binding | SharedArray): Value {
  const four = element === 'f32' && typeOf(value) === 'vec4f'
  return four ? value : typed(element, value, `what is stored in ${name}`)
}

function typed(type: ValueType, value: Value, what: string): Value {
  invariant(typeOf(value) === type, `${what} is ${type}, not ${typeOf(value)}`)
  return value
}
