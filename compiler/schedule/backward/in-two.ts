/**
 * A call of `backward` in two. Its schedule computes forward anew, with no cotangent: a forward pass may do so beforehand,
 * leave `out`, and keep what the rest reads. Which passes these are follows from who writes and who reads.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import { dispatchesOf } from '../schedule.ts'
import type { Dispatch, Pass, Schedule } from '../schedule.ts'
import type { Plan } from '../planner.ts'

/** Gradients that compute forward anew, and passes that leave `out` of it. */
export interface WithResult extends Schedule {
  readonly result?: Plan
}

/** What it binds last is what a pass writes that forward is computed by. */
const writtenBy = ({ buffers }: Pick<Dispatch, 'buffers'>): string | undefined => buffers.at(-1)

/** Gradients whose schedule is also there in two parts. */
export function inTwo(gradients: Schedule, result: Plan): Schedule {
  const dispatches = dispatchesOf(gradients)
  const early = neededBy(result, dispatches)
  const [before, after] = [passesOf(dispatches, early, true), passesOf(dispatches, early, false)]
  invariant(
    before.every((pass) => !after.includes(pass)),
    `rounds of ${gradients.name} are in one part of its gradients`,
  )
  const bound = (passes: readonly Pass[]): ReadonlySet<string> => {
    const those = dispatches.filter(({ pass }) => passes.includes(pass))
    return new Set([...those, ...passes].flatMap(({ buffers }) => buffers))
  }
  const [ofBefore, ofAfter] = [bound([...before, ...result.passes]), bound(after)]
  const part = (passes: readonly Pass[], buffers: ReadonlySet<string>): Schedule => {
    const { rounds = [], ...facts } = gradients
    const own = rounds.filter(({ first }) => passes.some(({ name }) => name === first))
    return {
      ...facts,
      buffers: [...gradients.buffers, ...result.buffers].flatMap((plan) => {
        const { name, role } = plan
        if (!buffers.has(name)) return []
        return role === 'scratch' && ofBefore.has(name) && ofAfter.has(name) ? { ...plan, kept: true } : plan
      }),
      passes,
      ...(own.length > 0 && { rounds: own }),
    }
  }
  return {
    ...gradients,
    inTwo: { keep: part([...before, ...result.passes], ofBefore), rest: part(after, ofAfter) },
  }
}

/** Which dispatches a result comes from. */
function neededBy(result: Plan, dispatches: readonly Dispatch[]): ReadonlySet<Dispatch> {
  const needed = new Set(result.passes.flatMap(({ buffers }) => buffers))
  const found = new Set<Dispatch>()
  // Once more where rounds read what later ones write.
  for (let before = -1; before < found.size;) {
    before = found.size
    for (const dispatch of dispatches.toReversed()) {
      const written = writtenBy(dispatch)
      if (written === undefined || !needed.has(written)) continue
      found.add(dispatch)
      for (const name of dispatch.buffers) needed.add(name)
    }
  }
  for (const [index, dispatch] of dispatches.entries())
    invariant(
      found.has(dispatch) ||
        dispatches
          .slice(index)
          .every((later) => !found.has(later) || !dispatch.buffers.includes(writtenBy(later) ?? '')),
      `${dispatch.pass.name} may come after what the result needs`,
    )
  return found
}

/** The passes of those dispatches that are among some, or of the others. */
const passesOf = (
  dispatches: readonly Dispatch[],
  some: ReadonlySet<Dispatch>,
  among: boolean,
): readonly Pass[] => [
  ...new Set(dispatches.filter((one) => some.has(one) === among).map(({ pass }) => pass)),
]
