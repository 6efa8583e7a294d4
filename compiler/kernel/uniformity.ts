/**
 * Which names are the same for every thread of a workgroup, so that control flow
 * built from them is uniform and may hold barriers.
 *
 * A name is uniform if every value that it is given is uniform, under uniform control
 * flow. `thread` is not uniform, and no load is from memory that the kernel writes. The
 * analysis starts from "every name is uniform" and withdraws until nothing changes. Names
 * are told apart by their declarations, because sibling blocks may share one.
 */

import type { Kernel, Statement, Value } from './kernel.ts'
import { children, hasBarrier } from './walk.ts'

/** Names in scope, with the statement that declares each. */
type Scope = ReadonlyMap<string, Statement>

/** The statements that break the rule: what they are, in words; empty for a good kernel. */
export function nonUniformBarriers(kernel: Kernel): string[] {
  const readOnly = new Set(kernel.bindings.filter(({ access }) => access === 'read').map(({ name }) => name))
  const varying = new Set<Statement>()
  let complaints: string[]
  let before: number
  do {
    before = varying.size
    complaints = []
    visit(kernel.body, new Map(), true)
  } while (varying.size > before)
  return complaints

  function visit(statements: readonly Statement[], outer: Scope, uniformControl: boolean): void {
    const scope = new Map(outer)
    for (const statement of statements) {
      if (!uniformControl && hasBarrier(statement))
        complaints.push(
          `the statement ${statement.kind} with a barrier stands where control may differ between threads`,
        )
      visitStatement(statement, scope, uniformControl)
    }
  }

  function visitStatement(
    statement: Statement,
    scope: Map<string, Statement>,
    uniformControl: boolean,
  ): void {
    switch (statement.kind) {
      case 'let':
      case 'var':
        if (!isUniform(statement.value, scope)) varying.add(statement)
        scope.set(statement.name, statement)
        break
      case 'assign': {
        const declaration = scope.get(statement.target.name)
        if (declaration !== undefined && !(uniformControl && isUniform(statement.value, scope)))
          varying.add(declaration)
        break
      }
      case 'if': {
        const uniform = uniformControl && isUniform(statement.condition, scope)
        visit(statement.then, scope, uniform)
        visit(statement.otherwise ?? [], scope, uniform)
        break
      }
      case 'for': {
        const uniform = isUniform(statement.from, scope) && isUniform(statement.to, scope)
        if (!uniform) varying.add(statement)
        visit(statement.body, new Map(scope).set(statement.index, statement), uniformControl && uniform)
        break
      }
      case 'comment':
      case 'store':
      case 'sharedStore':
      case 'barrier':
        break
    }
  }

  function isUniform(value: Value, scope: Scope): boolean {
    if (value.kind === 'thread' || value.kind === 'sharedLoad') return false
    if (value.kind === 'load' && !readOnly.has(value.buffer)) return false
    if (value.kind === 'name') {
      const declaration = scope.get(value.name)
      return declaration === undefined || !varying.has(declaration)
    }
    return children(value).every((child) => isUniform(child, scope))
  }
}
