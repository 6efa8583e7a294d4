/**
 * The parts of values and statements: every analysis walks them through this file, so that a new kind is
 * added here once.
 */

import type { Statement, Value } from './kernel.ts'

/** The values directly inside a value, in the order in which the text writes them; none for a leaf. */
export function children(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'number':
    case 'name':
    case 'thread':
    case 'workgroup':
    case 'shape':
    case 'bufferLength':
      return []
    case 'load':
    case 'sharedLoad':
      return [value.index]
    case 'lane':
      return [value.vector]
    case 'vec4':
      return value.lanes
    case 'splat':
    case 'convert':
      return [value.value]
    case 'unary':
      return [value.operand]
    case 'binary':
      return [value.left, value.right]
    case 'select':
      return [value.condition, value.yes, value.no]
    case 'call':
      return value.args
  }
}

/** The value with each of its parts replaced. */
export function mapChildren(value: Value, map: (child: Value) => Value): Value {
  switch (value.kind) {
    case 'number':
    case 'name':
    case 'thread':
    case 'workgroup':
    case 'shape':
    case 'bufferLength':
      return value
    case 'load':
    case 'sharedLoad':
      return { ...value, index: map(value.index) }
    case 'lane':
      return { ...value, vector: map(value.vector) }
    case 'vec4': {
      const [x, y, z, w] = value.lanes
      return { ...value, lanes: [map(x), map(y), map(z), map(w)] }
    }
    case 'splat':
    case 'convert':
      return { ...value, value: map(value.value) }
    case 'unary':
      return { ...value, operand: map(value.operand) }
    case 'binary':
      return { ...value, left: map(value.left), right: map(value.right) }
    case 'select':
      return { ...value, condition: map(value.condition), yes: map(value.yes), no: map(value.no) }
    case 'call':
      return { ...value, args: value.args.map(map) }
  }
}

/** The bodies within a statement. */
export function bodiesOf(statement: Statement): readonly (readonly Statement[])[] {
  if (statement.kind === 'for') return [statement.body]
  if (statement.kind === 'if') return [statement.then, statement.otherwise ?? []]
  return []
}

/** The values in a statement and in the statements within it; of an assignment also its target. */
export function valuesIn(statement: Statement): readonly Value[] {
  const inner = bodiesOf(statement).flatMap((body) => body.flatMap(valuesIn))
  switch (statement.kind) {
    case 'let':
    case 'var':
      return [statement.value]
    case 'assign':
      return [statement.target, statement.value]
    case 'for':
      return [statement.from, statement.to, ...inner]
    case 'if':
      return [statement.condition, ...inner]
    case 'store':
    case 'sharedStore':
      return [statement.index, statement.value]
    case 'comment':
    case 'barrier':
      return []
  }
}

/** The statement with each value in it and within its statements replaced; targets of assignments stay. */
export function mapValues(statement: Statement, map: (value: Value) => Value): Statement {
  const inner = (body: readonly Statement[]): readonly Statement[] =>
    body.map((statement) => mapValues(statement, map))
  switch (statement.kind) {
    case 'let':
    case 'var':
    case 'assign':
      return { ...statement, value: map(statement.value) }
    case 'for':
      return { ...statement, from: map(statement.from), to: map(statement.to), body: inner(statement.body) }
    case 'if':
      return {
        ...statement,
        condition: map(statement.condition),
        then: inner(statement.then),
        ...(statement.otherwise && { otherwise: inner(statement.otherwise) }),
      }
    case 'store':
    case 'sharedStore':
      return { ...statement, index: map(statement.index), value: map(statement.value) }
    case 'comment':
    case 'barrier':
      return statement
  }
}

/** Every name declared in the statements or within them, loop indexes included. */
export function declaredNames(statements: readonly Statement[]): string[] {
  return statements.flatMap((statement) => {
    if (statement.kind === 'let' || statement.kind === 'var') return [statement.name]
    const inner = bodiesOf(statement).flatMap(declaredNames)
    return statement.kind === 'for' ? [statement.index, ...inner] : inner
  })
}

/** Whether the statement, or one inside it, is a barrier. */
export function hasBarrier(statement: Statement): boolean {
  if (statement.kind === 'barrier') return true
  return bodiesOf(statement).some((body) => body.some(hasBarrier))
}
