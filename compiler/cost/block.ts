/** Names, values and branches of a kernel that is compiled for warps: what all of its statements need. */
import type { Frame } from '../kernel/interpret/frame.ts'
import type { Scope } from '../kernel/interpret/scope.ts'
import type { Machine } from '../kernel/interpret/text.ts'
import { compileValue, type Evaluate } from '../kernel/interpret/values.ts'
import type { Statement, Value } from '../kernel/kernel.ts'
import { bodiesOf } from '../kernel/walk.ts'
import type { Known, Loads, Names, Numbering, Place } from './numbering.ts'
import type { Site } from './sites.ts'

/** The active lanes of a warp. */
export type Warp = readonly Frame[]
/** What a warp does. */
export type Action = (active: Warp) => void
/** What the warps of a workgroup do one after another, between barriers. */
export type GroupAction = (warps: readonly Warp[]) => void

/** What compiled statements share. */
export interface Lockstep {
  readonly machine: Machine
  readonly numbering: Numbering
  readonly needed: ReadonlySet<string>
  readonly newPlace: (isLoop: boolean) => Place
  /** Makes a site of an access, at the present place. */
  readonly site: (
    access:
      Extract<Value, { kind: 'load' | 'sharedLoad' }> | Extract<Statement, { kind: 'store' | 'sharedStore' }>,
    scope: Scope,
  ) => Site
  /** Notes a barrier at the present place. */
  readonly barrier: () => void
  /** Whether accesses are looked at; else executions of places are counted alone. */
  readonly looking: () => boolean
  readonly withoutLooking: (action: () => void) => void
  /** All that were made so far. */
  readonly sites: readonly Site[]
}

/** Names with their slots and numbers. */
export class Block {
  readonly scope: Scope
  readonly names: Map<string, readonly Known[]>

  constructor(scope: Scope, names: Names) {
    this.scope = scope
    this.names = new Map(names)
  }

  inner(): Block {
    return new Block(this.scope.inner(), this.names)
  }
}

/** The accesses that a value makes, and the value itself for those who need it. */
export function compileExpression(
  value: Value,
  { scope, names }: Block,
  run: Lockstep,
  loads: Loads = new Map(),
): { access: Action; evaluate: Evaluate; known: readonly Known[] } {
  const { sites, known } = run.numbering.collecting(
    (load) => run.site(load, scope),
    () => run.numbering.lanes(value, names, loads),
  )
  return { access: accessing(sites, run), evaluate: compileValue(value, scope, run.machine), known }
}

/** For statements that leave no trace. */
export const nothing: Action = () => undefined

/** Looks at accesses, one after another. */
export function accessing(sites: readonly Site[], run: Lockstep): Action {
  if (sites.length === 0) return nothing
  return (active) => {
    if (!run.looking()) return
    for (const site of sites) site.access(active, site.indexesOf(active))
  }
}

/** Compiles a body that is executed now and then, with a place of its own. */
export function inBranch<T>(
  body: readonly Statement[],
  block: Block,
  run: Lockstep,
  compile: () => T,
): { place: Place; action: T } {
  const { numbering } = run
  const outer = numbering.place
  const place = run.newPlace(false)
  numbering.place = place
  const action = compile()
  numbering.place = outer
  renew(body, block, run)
  return { place, action }
}

/** Variables that the statements assign to have values of the present place, of which no more is known. */
export function renew(statements: readonly Statement[], { names }: Block, run: Lockstep): void {
  for (const statement of statements) {
    if (statement.kind === 'assign') {
      const { name } = statement.target
      const before = names.get(name)
      if (before !== undefined)
        names.set(
          name,
          before.map(() => run.numbering.fresh()),
        )
    }
    for (const body of bodiesOf(statement)) renew(body, { names } as Block, run)
  }
}
