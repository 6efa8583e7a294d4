/** One value whose parts have become simpler, folded by the rules of the constructors in `build.ts`. */

import { convert, lane, neg, not, select } from './build.ts'
import { binary } from './fold.ts'
import type { Value } from './kernel.ts'

/**
 * Rebuilds the outermost operation of a value with the folding constructors; its parts count as simple
 * already.
 */
export function simplify(value: Value): Value {
  switch (value.kind) {
    case 'binary':
      return binary(value.operator, value.left, value.right)
    case 'unary':
      return value.operator === '-' ? neg(value.operand) : not(value.operand)
    case 'select':
      return select(value.condition, value.yes, value.no)
    case 'convert':
      return convert(value.to, value.value)
    case 'lane':
      return lane(value.vector, value.lane)
    default:
      return value
  }
}
