/**
 * Which names and arrays decide what a kernel does to memory and how often: those in indexes, bounds and conditions,
 * and those that these come from. All else is counted and need not be computed.
 */
import type { Statement, Value } from '../kernel/kernel.ts'
import { bodiesOf, children } from '../kernel/walk.ts'

/** Names of variables, and of arrays of workgroup memory. */
export function neededNames(statements: readonly Statement[]): ReadonlySet<string> {
  const needed = new Set<string>()
  let before: number
  do {
    before = needed.size
    for (const statement of statements) visit(statement, needed)
  } while (needed.size > before)
  return needed
}

function visit(statement: Statement, needed: Set<string>): void {
  switch (statement.kind) {
    case 'let':
    case 'var':
      if (needed.has(statement.name)) need(statement.value, needed)
      indexesIn(statement.value, needed)
      break
    case 'assign':
      if (needed.has(statement.target.name)) need(statement.value, needed)
      indexesIn(statement.value, needed)
      break
    case 'store':
    case 'sharedStore':
      if (statement.kind === 'sharedStore' && needed.has(statement.array)) need(statement.value, needed)
      need(statement.index, needed)
      indexesIn(statement.value, needed)
      break
    case 'for':
      need(statement.from, needed)
      need(statement.to, needed)
      break
    case 'if':
      need(statement.condition, needed)
      break
    case 'comment':
    case 'barrier':
      break
  }
  for (const body of bodiesOf(statement)) for (const inner of body) visit(inner, needed)
}

function need(value: Value, needed: Set<string>): void {
  // What floats hold is stood in for, so that nothing has to be known of how they come about.
  if (value.kind === 'name' && value.type !== 'f32' && value.type !== 'vec4f') needed.add(value.name)
  if (value.kind === 'sharedLoad' && value.type === 'u32') needed.add(value.array)
  for (const child of children(value)) need(child, needed)
}

function indexesIn(value: Value, needed: Set<string>): void {
  if (value.kind === 'load' || value.kind === 'sharedLoad') need(value.index, needed)
  for (const child of children(value)) indexesIn(child, needed)
}
