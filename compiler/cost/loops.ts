/** Loops as warps execute them: round by round, or all rounds at once where they differ by strides alone. */
import { invariant } from '../diagnostics/invariant.ts'
import type { Frame } from '../kernel/interpret/frame.ts'
import type { Evaluate } from '../kernel/interpret/values.ts'
import type { Statement } from '../kernel/kernel.ts'
import { bodiesOf, hasBarrier } from '../kernel/walk.ts'
import { type Action, type Block, compileExpression, type Lockstep, renew, type Warp } from './block.ts'
import type { Place } from './numbering.ts'
import type { Site } from './sites.ts'
import { movesByStrides } from './strides.ts'

/** Instructions of each round of a loop beside its body: the counter, the comparison. */
const counting = { integers: 2 }
/** Compilers of shaders unroll small loops of constant length, about so many rounds at a time. */
const unrolled = 4

type For = Extract<Statement, { kind: 'for' }>

/** Compiles a loop without barriers, whose body `compile` makes. */
export function compileLoop(
  statement: For,
  block: Block,
  run: Lockstep,
  compile: (inner: Block) => Action,
): Action {
  const loop = beginLoop(statement, block, run)
  const before = run.sites.length
  const body = compile(loop.inner)
  const sites = run.sites.slice(before)
  loop.end()
  const { slot, endSlot, place } = loop
  const idle = statement.body.every((inner) => isCountedAlone(inner, run))
  const even = idle && movesByStrides(statement)
  return (active) => {
    loop.bounds(active)
    const [first] = active
    if (first === undefined) return
    const [from, to] = [first[slot] ?? 0, first[endSlot] ?? 0]
    if (active.every((frame) => frame[slot] === from && frame[endSlot] === to)) {
      const times = Math.max(0, Math.ceil((to - from) / statement.step))
      if (idle && !run.looking()) return place.execute(active.length, times)
      if (even && times > 2) {
        const strides = stridesOf(sites, active, (index) => {
          for (const frame of active) frame[slot] = from + index * statement.step
          run.withoutLooking(() => body(active))
        })
        if (strides !== undefined) {
          for (const { site, indexes, stride } of strides) site.access(active, indexes, stride, times)
          return place.execute(active.length, times)
        }
      }
      for (let index = from; index < to; index += statement.step) {
        for (const frame of active) frame[slot] = index
        place.execute(active.length)
        body(active)
      }
      return
    }
    const still = (frame: Frame): boolean => (frame[slot] ?? 0) < (frame[endSlot] ?? 0)
    for (let round = active.filter(still); round.length > 0; round = round.filter(still)) {
      const indexes = round.map((frame) => frame[slot] ?? 0)
      place.execute(round.length)
      body(round)
      for (const [lane, frame] of round.entries()) frame[slot] = (indexes[lane] ?? 0) + statement.step
    }
  }
}

/** The indexes of a loop's accesses in its first round, and by how much they move; nothing where lanes differ in that. */
function stridesOf(
  sites: readonly Site[],
  active: Warp,
  enterRound: (index: number) => void,
): readonly { readonly site: Site; readonly indexes: Float64Array; readonly stride: number }[] | undefined {
  enterRound(0)
  const first = sites.map((site) => site.indexesOf(active).slice())
  enterRound(1)
  const strides = sites.map((site, which) => {
    const [now, before] = [site.indexesOf(active), first[which] ?? site.indexesOf(active)]
    const stride = (now[0] ?? 0) - (before[0] ?? 0)
    return active.every((_, lane) => (now[lane] ?? 0) - (before[lane] ?? 0) === stride) ? stride : undefined
  })
  if (strides.includes(undefined)) return undefined
  return sites.map((site, which) => ({
    site,
    indexes: first[which] ?? new Float64Array(0),
    stride: strides[which] ?? 0,
  }))
}

/** Whether a statement does nothing that others depend on, so that its executions can be told without it. */
function isCountedAlone(statement: Statement, run: Lockstep): boolean {
  if (statement.kind === 'for' || statement.kind === 'if') return false
  if (statement.kind === 'assign') return !run.needed.has(statement.target.name)
  return statement.kind !== 'sharedStore' || !run.needed.has(statement.array)
}

const hasLoop = (statement: Statement): boolean =>
  statement.kind === 'for' || bodiesOf(statement).some((body) => body.some(hasLoop))

interface Loop {
  readonly place: Place
  readonly inner: Block
  readonly slot: number
  readonly endSlot: number
  readonly from: Evaluate
  readonly to: Evaluate
  /** Writes each lane's bounds to its frame. */
  readonly bounds: Action
  readonly end: () => void
}

/** The bounds of a loop, and a place for its body, whose statements are to be compiled before `end`. */
export function beginLoop(statement: For, block: Block, run: Lockstep): Loop {
  const { numbering } = run
  const [from, to] = [statement.from, statement.to].map((bound) => compileExpression(bound, block, run))
  invariant(from !== undefined && to !== undefined, 'a loop has two bounds')
  const outer = numbering.place
  const place = run.newPlace(true)
  numbering.place = place
  const short = statement.to.kind === 'number' && statement.from.kind === 'number'
  const fewer =
    short && statement.rolled !== true && !statement.body.some((inner) => hasLoop(inner) || hasBarrier(inner))
  place.charge({ integers: counting.integers / (fewer ? unrolled : 1) })
  place.rounds = fewer ? unrolled : 1
  const inner = block.inner()
  const slot = inner.scope.declare(statement.index, 'u32')
  const endSlot = inner.scope.declare(` end of ${statement.index}`, 'u32')
  inner.names.set(statement.index, [numbering.fresh()])
  renew(statement.body, inner, run)
  return {
    place,
    inner,
    slot,
    endSlot,
    from: from.evaluate,
    to: to.evaluate,
    bounds: (active) => {
      from.access(active)
      to.access(active)
      for (const frame of active) {
        const [start, end] = [from.evaluate(frame), to.evaluate(frame)]
        frame[slot] = start
        frame[endSlot] = end
      }
    },
    end: () => {
      numbering.place = outer
      renew(statement.body, block, run)
    },
  }
}
