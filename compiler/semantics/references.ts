/** The names that expressions refer to. */
import type { Expression } from '../syntax/ast.ts'

/** Every name, known or not. */
export function referencesOf(expressions: readonly Expression[]): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (expression: Expression): void => {
    switch (expression.kind) {
      case 'reference':
        names.add(expression.name)
        break
      case 'call':
        expression.args.forEach(visit)
        break
      case 'unary':
        visit(expression.operand)
        break
      case 'binary':
        visit(expression.left)
        visit(expression.right)
        break
      case 'number': {
        // `2x`, which is told to be no number, was meant to name x.
        const [name] = /[A-Za-z_]\w*$/.exec(expression.text) ?? []
        if (name !== undefined) names.add(name)
        break
      }
    }
  }
  expressions.forEach(visit)
  return names
}
