/** Kernels without what nothing is made of: the same head is described to all, and few ask for all of it. */
import type { Statement, Value } from '../kernel.ts'
import { bodiesOf, children } from '../walk.ts'

/** The statements without names that neither the others nor the result see. */
export function withoutUnused(statements: readonly Statement[], result: Value): readonly Statement[] {
  const used = new Set([...statements.flatMap(namesIn), ...namesOf(result)])
  const kept = statements.filter((statement) => statement.kind !== 'let' || used.has(statement.name))
  return kept.length === statements.length ? statements : withoutUnused(kept, result)
}

function namesIn(statement: Statement): string[] {
  return [
    ...valuesOf(statement).flatMap(namesOf),
    ...bodiesOf(statement).flatMap((body) => body.flatMap(namesIn)),
  ]
}

const namesOf = (value: Value): string[] =>
  value.kind === 'name' ? [value.name] : children(value).flatMap(namesOf)

function valuesOf(statement: Statement): readonly Value[] {
  switch (statement.kind) {
    case 'let':
    case 'var':
    case 'assign':
      return [statement.value]
    case 'for':
      return [statement.from, statement.to]
    case 'if':
      return [statement.condition]
    default:
      return []
  }
}
