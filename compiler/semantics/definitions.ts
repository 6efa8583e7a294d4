/**
 * Functions of the file, `def unit(x) = …`: each is written out where it is called, with the types that its
 * arguments have there. None is recursive, so that writing out ends.
 */
import { messages } from '../diagnostics/messages.ts'
import type { FunctionDeclaration } from '../syntax/ast.ts'
import { partsOf } from '../syntax/ast.ts'
import type { Expression } from '../syntax/ast.ts'
import { isFunction } from './functions.ts'
import { soundly } from './report.ts'
import type { Report } from './report.ts'

/** A function as it was declared. */
export interface Definition {
  readonly declaration: FunctionDeclaration
  /** Declared in the prelude, whose text the reader of a file does not see. */
  readonly standard: boolean
  /** Whether it can be written out; if not, that has been said. */
  readonly sound: boolean
}

/** Functions by name. */
export type Definitions = ReadonlyMap<string, Definition>

/** Those of the prelude, which the file's own may shadow, and these. */
export function collectDefinitions(
  standard: readonly FunctionDeclaration[],
  own: readonly FunctionDeclaration[],
  report: Report,
): Definitions {
  const found = new Map<string, Definition>()
  for (const declaration of standard)
    found.set(declaration.name.text, { declaration, standard: true, sound: true })
  const seen = new Set<string>()
  for (const declaration of own) {
    const { text, span } = declaration.name
    if (seen.has(text)) report(messages.duplicateFunction(span, text))
    else found.set(text, { declaration, standard: false, sound: isSound(declaration, report) })
    seen.add(text)
  }
  for (const [name, definition] of found)
    if (!definition.standard && reaches(name, name, found, new Set())) {
      report(messages.recursiveFunction(definition.declaration.name.span, name))
      found.set(name, { ...definition, sound: false })
    }
  return found
}

function isSound({ name, parameters, body, incomplete }: FunctionDeclaration, report: Report): boolean {
  const sound = soundly(report, (report) => {
    if (isFunction(name.text)) report(messages.functionShadows(name.span, name.text))
    if (parameters.length === 0) report(messages.functionParameters(name.span, name.text))
    parameters.forEach(({ text, span }, index) => {
      if (parameters.findIndex((other) => other.text === text) < index)
        report(messages.duplicateParameter(span, text))
    })
  })
  return sound && body !== undefined && incomplete !== true
}

/** Whether the body of `from` calls `name`, or what it calls does. */
function reaches(name: string, from: string, all: Definitions, seen: Set<string>): boolean {
  const body = all.get(from)?.declaration.body
  if (body === undefined || seen.has(from)) return false
  seen.add(from)
  return calledIn(body).some((called) => called === name || reaches(name, called, all, seen))
}

const calledIn = (expression: Expression): readonly string[] => [
  ...(expression.kind === 'call' ? [expression.callee.text] : []),
  ...partsOf(expression).flatMap(calledIn),
]
