/** The names within expressions. */
import { partsOf } from './ast.ts'
import type { Expression } from './ast.ts'

/** Every name that is referred to or called. */
export function namesIn(expressions: readonly Expression[]): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (expression: Expression): void => {
    if (expression.kind === 'reference') names.add(expression.name)
    if (expression.kind === 'call') names.add(expression.callee.text)
    partsOf(expression).forEach(visit)
  }
  expressions.forEach(visit)
  return names
}
