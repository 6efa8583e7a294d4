/**
 * The parts of values and statements: every analysis walks them through this file, so that a new kind is
 * added here once.
 */

import type { Statement, Value } from './kernel.ts'

/** The fields of a kind of value or statement that hold values, in the order in which the text writes them. */
type Fields<Node> = Node extends unknown
  ? readonly { [Key in keyof Node]-?: Node[Key] extends Value | readonly Value[] ? Key : never }[keyof Node][]
  : never

const fieldsOfValues: { readonly [Kind in Value['kind']]: Fields<Extract<Value, { kind: Kind }>> } = {
  number: [],
  name: [],
  thread: [],
  workgroup: [],
  shape: [],
  bufferLength: [],
  load: ['index'],
  sharedLoad: ['index'],
  lane: ['vector'],
  vec4: ['lanes'],
  splat: ['value'],
  unary: ['operand'],
  binary: ['left', 'right'],
  select: ['condition', 'yes', 'no'],
  call: ['args'],
  convert: ['value'],
}

const fieldsOfStatements: {
  readonly [Kind in Statement['kind']]: Fields<Extract<Statement, { kind: Kind }>>
} = {
  comment: [],
  let: ['value'],
  var: ['value'],
  assign: ['target', 'value'],
  for: ['from', 'to'],
  if: ['condition'],
  store: ['index', 'value'],
  sharedStore: ['index', 'value'],
  barrier: [],
}

/** The values in some fields of a node. */
const held = (node: Value | Statement, fields: readonly string[]): readonly Value[] =>
  fields.flatMap((field) => node[field as keyof typeof node] as unknown as Value | readonly Value[])

/** The values directly inside a value, in the order in which the text writes them; none for a leaf. */
export const children = (value: Value): readonly Value[] => held(value, fieldsOfValues[value.kind])

/** The node with the values in some fields replaced. */
function replaced<Node extends Value | Statement>(
  node: Node,
  fields: readonly string[],
  map: (value: Value) => Value,
): Node {
  if (fields.length === 0) return node
  const copy: Record<string, unknown> = { ...node }
  for (const field of fields) {
    const inner = copy[field] as Value | readonly Value[]
    copy[field] = 'kind' in inner ? map(inner) : inner.map(map)
  }
  return copy as unknown as Node
}

/** The value with each of its parts replaced. */
export const mapChildren = (value: Value, map: (child: Value) => Value): Value =>
  replaced(value, fieldsOfValues[value.kind], map)

/** The bodies within a statement. */
export function bodiesOf(statement: Statement): readonly (readonly Statement[])[] {
  if (statement.kind === 'for') return [statement.body]
  if (statement.kind === 'if') return [statement.then, statement.otherwise ?? []]
  return []
}

/** The values in a statement and in the statements within it; of an assignment also its target. */
export function valuesIn(statement: Statement): readonly Value[] {
  const inner = bodiesOf(statement).flatMap((body) => body.flatMap(valuesIn))
  return [...held(statement, fieldsOfStatements[statement.kind]), ...inner]
}

/** The statement with each value in it and within its statements replaced; targets of assignments stay. */
export function mapValues(statement: Statement, map: (value: Value) => Value): Statement {
  const inner = (body: readonly Statement[]): readonly Statement[] => body.map((one) => mapValues(one, map))
  const fields = fieldsOfStatements[statement.kind].filter((field) => field !== 'target')
  const mapped = replaced(statement, fields, map)
  if (mapped.kind === 'for') return { ...mapped, body: inner(mapped.body) }
  if (mapped.kind !== 'if') return mapped
  const { then, otherwise } = mapped
  return { ...mapped, then: inner(then), ...(otherwise && { otherwise: inner(otherwise) }) }
}

/** The statements with each of them replaced, those within one before it. */
export function mapStatements(
  statements: readonly Statement[],
  map: (statement: Statement) => Statement,
): readonly Statement[] {
  return statements.map((statement) => {
    if (statement.kind === 'for') return map({ ...statement, body: mapStatements(statement.body, map) })
    if (statement.kind !== 'if') return map(statement)
    const { then, otherwise } = statement
    return map({
      ...statement,
      then: mapStatements(then, map),
      ...(otherwise && { otherwise: mapStatements(otherwise, map) }),
    })
  })
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
