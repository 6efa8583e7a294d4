/** Whether a function is even or odd in x, with w and the position fixed. */
import { negate } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { simplify } from '../symbolic/simplify.ts'
import { equals, mapChildren } from '../symbolic/traverse.ts'

/** Of a simplified expression. `none` also where symmetry is there and not seen. */
export function parityInX(value: Expression): 'even' | 'odd' | 'none' {
  const mirrored = simplify(mirror(value))
  if (equals(mirrored, value)) return 'even'
  return equals(mirrored, simplify(negate(value))) ? 'odd' : 'none'
}

function mirror(expression: Expression): Expression {
  const children = mapChildren(expression, mirror)
  return children.kind === 'element' && children.vector === 'x' ? negate(children) : children
}
