/**
 * The type of a value, read off its shape alone: names and loads carry theirs,
 * everything else follows from its parts. `verify.ts` checks that the parts fit.
 */

import { invariant } from '../diagnostics/invariant.ts'
import { intrinsic, isIntrinsic } from './intrinsics.ts'
import type { BinaryOperator, Value, ValueType } from './kernel.ts'

/** The type of a value; does not check that its parts fit. */
export function typeOf(value: Value): ValueType {
  switch (value.kind) {
    case 'number':
    case 'name':
    case 'load':
    case 'sharedLoad':
      return value.type
    case 'thread':
    case 'workgroup':
    case 'shape':
    case 'bufferLength':
      return 'u32'
    case 'lane':
      return 'f32'
    case 'vec4':
    case 'splat':
      return 'vec4f'
    case 'unary':
      return typeOf(value.operand)
    case 'binary':
      return yieldsBoolean(value.operator) ? 'bool' : typeOf(value.left)
    case 'select':
      return typeOf(value.yes)
    case 'call':
      return typeOfCall(value.intrinsic, value.args)
    case 'convert':
      return value.to
  }
}

/**
 * Tells comparisons and logic, which yield a bool, from arithmetic, which yields the type of its operands.
 */
export function yieldsBoolean(operator: BinaryOperator): boolean {
  return !(['+', '-', '*', '/', '%'] as readonly BinaryOperator[]).includes(operator)
}

function typeOfCall(name: string, args: readonly Value[]): ValueType {
  invariant(isIntrinsic(name), `a kernel calls ${name}, which is no intrinsic`)
  const [first] = args
  invariant(first !== undefined, `a kernel calls ${name} without arguments`)
  return intrinsic(name).result ?? typeOf(first)
}
