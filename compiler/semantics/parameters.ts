/** The parameters of a feature: their number, their names, their use. */
import { messages } from '../diagnostics/messages.ts'
import type { FeatureDeclaration } from '../syntax/ast.ts'
import { referencesOf } from './references.ts'
import type { Report } from './report.ts'
import { featureNames } from './scope.ts'

/** One or two parameters, of different names that mean nothing else in a feature. */
export function checkParameters({ name, parameters }: FeatureDeclaration, report: Report): void {
  if (parameters.length < 1 || parameters.length > 2)
    report(messages.parameterCount(name.span, name.text, parameters.length))
  parameters.forEach(({ text, span }, index) => {
    if (parameters.findIndex((other) => other.text === text) < index)
      report(messages.duplicateParameter(span, text))
    else if (featureNames.includes(text)) report(messages.constantAsParameter(span, text))
  })
}

const consequences = ['every row has the same features', 'every projection gives the same feature']

/** A warning, for features that are otherwise right: a misspelt parameter is not used either. */
export function checkUse({ parameters, body }: FeatureDeclaration, report: Report): void {
  const bodies = body.kind === 'shared' ? body.body.items : [...body.query.items, ...body.key.items]
  const used = referencesOf(bodies)
  parameters.forEach(({ text, span }, index) => {
    const consequence = consequences[index]
    if (!used.has(text) && consequence !== undefined)
      report(messages.unusedParameter(span, text, consequence))
  })
}
