/** The names that expressions refer to. */
import { partsOf } from '../syntax/ast.ts'
import type { Expression } from '../syntax/ast.ts'

/** Every name, known or not; functions that are called are none. */
export function referencesOf(expressions: readonly Expression[]): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (expression: Expression): void => {
    if (expression.kind === 'reference') names.add(expression.name)
    if (expression.kind === 'number') {
      // `2x`, which is told to be no number, was meant to name x.
      const [name] = /[A-Za-z_]\w*$/.exec(expression.text) ?? []
      if (name !== undefined) names.add(name)
    }
    partsOf(expression).forEach(visit)
  }
  expressions.forEach(visit)
  return names
}
