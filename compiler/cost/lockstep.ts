/**
 * A kernel's statements as warps execute them: all lanes of a warp together, a branch or a round of a loop whenever some
 * lane takes it, the others idle meanwhile.
 *
 * Indexes, bounds and conditions are computed as the interpreter computes them; arithmetic is counted where it stands
 * (`numbering.ts`), and executed only where one of those depends on it.
 */
import { invariant, InvariantError } from '../diagnostics/invariant.ts'
import type { Scope } from '../kernel/interpret/scope.ts'
import type { Statement } from '../kernel/kernel.ts'
import { hasBarrier } from '../kernel/walk.ts'
import {
  accessing,
  type Action,
  Block,
  compileExpression,
  type GroupAction,
  inBranch,
  type Lockstep,
  nothing,
} from './block.ts'
import { CountedArray } from './memories.ts'
import { beginLoop, compileLoop } from './loops.ts'
import type { Loads, Place } from './numbering.ts'

/** Compiles a kernel's body. */
export function compileForWarps(statements: readonly Statement[], scope: Scope, run: Lockstep): GroupAction {
  return compileGroup(statements, new Block(scope, new Map()), run)
}

function compileGroup(statements: readonly Statement[], block: Block, run: Lockstep): GroupAction {
  const actions = statements.map((statement): GroupAction => {
    if (hasBarrier(statement)) return compileUniform(statement, block, run)
    const action = compileStatement(statement, block, run)
    return (warps) => warps.forEach(action)
  })
  return (warps) => {
    for (const action of actions) action(warps)
  }
}

function compileUniform(statement: Statement, block: Block, run: Lockstep): GroupAction {
  switch (statement.kind) {
    case 'barrier':
      run.barrier()
      return () => undefined
    case 'for': {
      const loop = beginLoop(statement, block, run)
      const body = compileGroup(statement.body, loop.inner, run)
      loop.end()
      return (warps) => {
        const [first] = warps[0] ?? []
        invariant(first !== undefined, 'a workgroup has a thread')
        warps.forEach(loop.bounds)
        const to = loop.to(first)
        for (let index = loop.from(first); index < to; index += statement.step) {
          for (const warp of warps) {
            for (const frame of warp) frame[loop.slot] = index
            loop.place.execute(warp.length)
          }
          body(warps)
        }
      }
    }
    case 'if': {
      const condition = compileExpression(statement.condition, block, run)
      const branches = [statement.then, statement.otherwise ?? []].map((body) =>
        inBranch(body, block, run, () => compileGroup(body, block.inner(), run)),
      )
      return (warps) => {
        warps.forEach(condition.access)
        const [first] = warps[0] ?? []
        const branch = branches[first !== undefined && condition.evaluate(first) !== 0 ? 0 : 1]
        for (const warp of warps) branch?.place.execute(warp.length)
        branch?.action(warps)
      }
    }
    default:
      throw new InvariantError(`the statement ${statement.kind} holds no barrier`)
  }
}

function compileBlock(statements: readonly Statement[], block: Block, run: Lockstep): Action {
  const actions = statements.map((statement) => compileStatement(statement, block, run))
  return (active) => {
    for (const action of actions) action(active)
  }
}

function compileStatement(statement: Statement, block: Block, run: Lockstep): Action {
  switch (statement.kind) {
    case 'comment':
      return nothing
    case 'let':
    case 'var':
    case 'assign':
      return compileAssignment(statement, block, run)
    case 'store':
    case 'sharedStore':
      return compileStore(statement, block, run)
    case 'if':
      return compileIf(statement, block, run)
    case 'for':
      return compileLoop(statement, block, run, (inner) => compileBlock(statement.body, inner, run))
    case 'barrier':
      throw new InvariantError(`the statement ${statement.kind} is none of a single warp`)
  }
}

function compileAssignment(
  statement: Extract<Statement, { kind: 'let' | 'var' | 'assign' }>,
  block: Block,
  run: Lockstep,
): Action {
  const { access, evaluate, known } = compileExpression(statement.value, block, run)
  const { name, type } = statement.kind === 'assign' ? statement.target : statement
  const slot = statement.kind === 'assign' ? block.scope.slot(name) : block.scope.declare(name, type)
  // What is assigned depends on when it is, so that a variable's number is one of its place.
  block.names.set(
    name,
    statement.kind === 'let' ? known : known.map(({ loads }) => ({ ...run.numbering.fresh(), loads })),
  )
  if (!run.needed.has(name)) return access
  return (active) => {
    access(active)
    for (const frame of active) frame[slot] = evaluate(frame)
  }
}

function compileStore(
  statement: Extract<Statement, { kind: 'store' | 'sharedStore' }>,
  block: Block,
  run: Lockstep,
): Action {
  const loads: Loads = new Map()
  const index = compileExpression(statement.index, block, run, loads)
  const value = compileExpression(statement.value, block, run, loads)
  const access = accessing([run.site(statement, block.scope)], run)
  const kept = statement.kind === 'sharedStore' && run.needed.has(statement.array)
  const cells = kept ? run.machine.memory.get(statement.array) : undefined
  return (active) => {
    index.access(active)
    value.access(active)
    access(active)
    if (cells instanceof CountedArray)
      for (const frame of active) cells.write(index.evaluate(frame), value.evaluate(frame))
  }
}

function compileIf(statement: Extract<Statement, { kind: 'if' }>, block: Block, run: Lockstep): Action {
  const condition = compileExpression(statement.condition, block, run)
  const compile = (body: readonly Statement[]): { place: Place; action: Action } =>
    inBranch(body, block, run, () => compileBlock(body, block.inner(), run))
  const [then, otherwise] = [compile(statement.then), compile(statement.otherwise ?? [])]
  return (active) => {
    condition.access(active)
    const taken = active.filter((frame) => condition.evaluate(frame) !== 0)
    const others = taken.length === active.length ? [] : active.filter((frame) => !taken.includes(frame))
    for (const [branch, lanes] of [
      [then, taken],
      [otherwise, others],
    ] as const) {
      if (lanes.length === 0) continue
      branch.place.execute(lanes.length)
      branch.action(lanes)
    }
  }
}
