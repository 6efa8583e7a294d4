/** The parameters of a feature: their number, their names, their use. */
import { messages } from '../diagnostics/messages.ts'
import type { FeatureDeclaration } from '../syntax/ast.ts'
import { referencesOf } from './references.ts'
import type { Report } from './report.ts'
import { featureNames } from './scope.ts'

const consequences = ['every row has the same features', 'every projection gives the same feature']

export function checkParameters(declaration: FeatureDeclaration, report: Report): void {
  const { name, parameters, body } = declaration
  // After a syntax error a parameter may have been lost.
  if (declaration.incomplete === true) return
  if (parameters.length < 1 || parameters.length > 2)
    report(messages.parameterCount(name.span, name.text, parameters.length))
  const bodies = body.kind === 'shared' ? body.body.items : [...body.query.items, ...body.key.items]
  const used = referencesOf(bodies)
  parameters.forEach(({ text, span }, index) => {
    if (parameters.findIndex((other) => other.text === text) < index)
      report(messages.duplicateParameter(span, text))
    else if (featureNames.includes(text)) report(messages.constantAsParameter(span, text))
    else if (!used.has(text)) {
      const consequence = consequences[index]
      if (consequence !== undefined) report(messages.unusedParameter(span, text, consequence))
    }
  })
}
