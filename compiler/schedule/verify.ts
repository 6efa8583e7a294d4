/** Holds a schedule to the invariants of `schedule.ts`; a failure is the compiler's defect. */
import { invariant } from '../diagnostics/invariant.ts'
import { buffersOfAPass } from './schedule.ts'
import type { Pass, Schedule } from './schedule.ts'

/** Returns the schedule itself where every invariant holds, and throws where one fails. */
export function verify(schedule: Schedule): Schedule {
  const buffers = new Map(schedule.buffers.map((buffer) => [buffer.name, buffer]))
  invariant(buffers.size === schedule.buffers.length, `the buffers of ${schedule.name} have different names`)
  const names = new Set<string>()
  for (const pass of schedule.passes) {
    const where = `the pass ${pass.name} of ${schedule.name}`
    invariant(!names.has(pass.name), `${where} has a name of its own`)
    names.add(pass.name)
    invariant(
      pass.kind === 'walk' || pass.buffers.length <= buffersOfAPass,
      `${where} binds ${pass.buffers.length} buffers, and a device has room for ${buffersOfAPass}`,
    )
    for (const name of pass.buffers) invariant(buffers.has(name), `${where} binds ${name}, which is a buffer`)
    verifyAction(pass, schedule, where)
    for (const [what, size] of Object.entries(threadsOf(pass)))
      invariant(
        Number.isInteger(size) && size > 0 && size % 4 === 0,
        `${where} has ${what} in fours, not ${size}`,
      )
  }
  const order = schedule.passes.map(({ name }) => name)
  let next = 0
  for (const { first, last, times, swap, along = [] } of schedule.rounds ?? []) {
    const [from, to] = [order.indexOf(first), order.indexOf(last)]
    invariant(from >= next && to >= from, `the rounds of ${schedule.name} are of passes in order`)
    for (const name of [...swap.flat(), ...along])
      invariant(buffers.has(name), `the rounds of ${schedule.name} name ${name}, which is a buffer`)
    invariant(along.length === 0 || along.length > times, `each round of ${schedule.name} has its buffers`)
    next = to + 1
  }
  const last = schedule.passes.at(-1)?.buffers ?? []
  invariant(
    last.some((name) => buffers.get(name)?.role === 'output'),
    `the last pass of ${schedule.name} writes an output`,
  )
  return schedule
}

/** Rows that act on a state do so by numbers that the pass binds, and as their query head says, whose own the state is. */
function verifyAction(pass: Pass, { groups }: Schedule, where: string): void {
  if (!('action' in pass) || pass.action.kind === 'identity') return
  const { logarithms } = pass.action
  invariant(pass.buffers.includes(logarithms), `${where} binds ${logarithms}, by which rows act`)
  invariant(groups === 'heads', `${where} has a state for each query head`)
}

/** Numbers that must be multiples of 4; an equation has none, because a cell is one thread, which may also have a tile alone. */
function threadsOf(pass: Pass): Readonly<Record<string, number>> {
  if (pass.kind === 'equation') return {}
  if (pass.kind === 'walk') return { rows: pass.rows }
  if (pass.kind === 'recur') return { columns: pass.columns }
  if (!('tile' in pass)) return { threads: pass.threads }
  const { threads, ...extents } = pass.tile
  return threads === 1 ? extents : { threads, ...extents }
}
