/**
 * Statements as actions: on one thread, or, where they hold a barrier, on the
 * whole workgroup at once.
 */

import { invariant, InvariantError } from '../../diagnostics/invariant.ts'
import type { Statement, Value, ValueType } from '../kernel.ts'
import { typeOf } from '../types.ts'
import { hasBarrier } from '../walk.ts'
import type { Frame } from './memory.ts'
import type { Scope } from './scope.ts'
import { compileValue } from './values.ts'
import type { Evaluate } from './values.ts'

type Action = (frame: Frame) => void

/** The threads of a workgroup, and what happens when they meet. */
export interface Workgroup {
  readonly frames: readonly Frame[]
  readonly barrier: () => void
}

type GroupAction = (workgroup: Workgroup) => void

/** Stretches without a barrier are run thread after thread, each to the stretch's end. */
export function compileForWorkgroup(statements: readonly Statement[], outer: Scope): GroupAction {
  const scope = outer.inner()
  const actions: GroupAction[] = []
  let stretch: Action[] = []
  const endStretch = (): void => {
    if (stretch.length > 0) actions.push(forEachThread(stretch))
    stretch = []
  }
  for (const statement of statements) {
    if (hasBarrier(statement)) {
      endStretch()
      actions.push(compileUniform(statement, scope))
    } else stretch.push(compileStatement(statement, scope))
  }
  endStretch()
  return (workgroup) => {
    for (const action of actions) action(workgroup)
  }
}

function forEachThread(actions: readonly Action[]): GroupAction {
  return ({ frames }) => {
    for (const frame of frames) for (const action of actions) action(frame)
  }
}

function compileUniform(statement: Statement, scope: Scope): GroupAction {
  switch (statement.kind) {
    case 'barrier':
      return ({ barrier }) => barrier()
    case 'for': {
      const [from, to] = [compileValue(statement.from, scope), compileValue(statement.to, scope)]
      const inner = scope.inner()
      const slot = inner.declare(statement.index, 'u32')
      const body = compileForWorkgroup(statement.body, inner)
      return (workgroup) => {
        const end = agreed(to, workgroup, statement.index)
        for (let index = agreed(from, workgroup, statement.index); index < end; index += statement.step) {
          for (const frame of workgroup.frames) frame[slot] = index
          body(workgroup)
        }
      }
    }
    case 'if': {
      const condition = compileValue(statement.condition, scope)
      const then = compileForWorkgroup(statement.then, scope)
      const otherwise = compileForWorkgroup(statement.otherwise ?? [], scope)
      return (workgroup) =>
        agreed(condition, workgroup, 'a condition') !== 0 ? then(workgroup) : otherwise(workgroup)
    }
    default:
      throw new InvariantError(`the statement ${statement.kind} holds no barrier`)
  }
}

/** The value on which all threads agree. */
function agreed(evaluate: Evaluate, { frames }: Workgroup, what: string): number {
  const values = new Set(frames.map(evaluate))
  const [value] = values
  invariant(
    value !== undefined && values.size === 1,
    `the threads of a workgroup agree on ${what} around a barrier`,
  )
  return value
}

function compileBlock(statements: readonly Statement[], outer: Scope): Action {
  const scope = outer.inner()
  const actions = statements.map((statement) => compileStatement(statement, scope))
  return (frame) => {
    for (const action of actions) action(frame)
  }
}

function compileStatement(statement: Statement, scope: Scope): Action {
  switch (statement.kind) {
    case 'comment':
      return () => undefined
    case 'let':
    case 'var':
      return compileAssignment(scope, statement.value, statement.name, statement.type)
    case 'assign': {
      const { name, type } = statement.target
      return write(scope.slot(name), lanes(statement.value, type, scope))
    }
    case 'for': {
      const [from, to] = [compileValue(statement.from, scope), compileValue(statement.to, scope)]
      const inner = scope.inner()
      const slot = inner.declare(statement.index, 'u32')
      const body = compileBlock(statement.body, inner)
      return (frame) => {
        const end = to(frame)
        for (let index = from(frame); index < end; index += statement.step) {
          frame[slot] = index
          body(frame)
        }
      }
    }
    case 'if': {
      const condition = compileValue(statement.condition, scope)
      const then = compileBlock(statement.then, scope)
      const otherwise = compileBlock(statement.otherwise ?? [], scope)
      return (frame) => (condition(frame) !== 0 ? then(frame) : otherwise(frame))
    }
    case 'store':
      return compileStore(statement.buffer, statement.index, statement.value, scope)
    case 'sharedStore':
      return compileStore(statement.array, statement.index, statement.value, scope)
    case 'barrier':
      throw new InvariantError(`the statement ${statement.kind} is none of one thread`)
  }
}

/** All lanes are evaluated before any is written: the value may read what it replaces. */
function compileStore(memory: string, at: Value, value: Value, scope: Scope): Action {
  const cells = scope.cells(memory)
  const index = compileValue(at, scope)
  const values = lanes(value, typeOf(value), scope)
  return (frame) => {
    const place = index(frame)
    const entries = values.map((value) => value(frame))
    entries.forEach((entry, lane) => cells.write(frame, place, lane, entry))
  }
}

function compileAssignment(scope: Scope, value: Value, name: string, type: ValueType): Action {
  const values = lanes(value, type, scope)
  return write(scope.declare(name, type), values)
}

function lanes(value: Value, type: ValueType, scope: Scope): readonly Evaluate[] {
  return (type === 'vec4f' ? [0, 1, 2, 3] : [0]).map((lane) => compileValue(value, scope, lane))
}

/** As in shared memory, all lanes are evaluated before any is written: the value may read what it replaces. */
function write(slot: number, [x, y, z, w]: readonly Evaluate[]): Action {
  invariant(x !== undefined, 'a value has a lane')
  if (y === undefined || z === undefined || w === undefined)
    return (frame) => {
      frame[slot] = x(frame)
    }
  return (frame) => {
    const [a, b, c, d] = [x(frame), y(frame), z(frame), w(frame)]
    frame[slot] = a
    frame[slot + 1] = b
    frame[slot + 2] = c
    frame[slot + 3] = d
  }
}
