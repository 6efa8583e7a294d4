// Gradients cut in two: what one part leaves, the other reads, and no more than the length asks for.
import { expect, test } from 'vitest'
import { cellPlanner } from '../../compiler/schedule/cells/planner.ts'
import { sizesOf } from '../../compiler/schedule/cost.ts'
import { dispatchesOf } from '../../compiler/schedule/schedule.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { verify } from '../../compiler/schedule/verify.ts'
import { workgroupPlanner } from '../../compiler/schedule/workgroups/planner.ts'
import { targetNamed } from '../../compiler/targets/index.ts'
import { evaluateSize } from '../../runtime/contract/size.ts'
import { derivable, sized } from '../numeric/small-specs.ts'
import { modelOf } from './calls.ts'
import { gradientSchedule } from './schedules.ts'

const planners = {
  workgroups: workgroupPlanner,
  sequential: targetNamed('wasm').planner,
  cells: cellPlanner,
}

function bytesOf(rest: Schedule, length: number): number {
  const sizes = sizesOf(rest, { batch: 2, heads: 4, kvHeads: 2, length, keyLength: length })
  return rest.buffers.reduce((sum, { size, kept }) => sum + (kept ? 4 * evaluateSize(size, sizes) : 0), 0)
}

/** Buffers of scratch that a schedule reads before it has written them. */
function unwritten({ buffers, ...schedule }: Schedule): string[] {
  const scratch = new Map(buffers.flatMap((plan) => (plan.role === 'scratch' ? [[plan.name, plan]] : [])))
  const written = new Set<string>()
  return dispatchesOf(schedule).flatMap(({ buffers: bound }) => {
    const missing = bound.slice(0, -1).filter((name) => scratch.has(name) && !written.has(name))
    written.add(bound.at(-1) ?? '')
    return missing
  })
}

/** Attentions that have gradients in equations or in passes of steps, whatever the planner. */
const cut = derivable
  .filter((name) => name !== 'reformer')
  .flatMap((name) => {
    const model = modelOf(sized(name))
    return Object.entries(planners).map(([kind, planner]) => ({
      name: `${name}, ${kind}`,
      gradients: gradientSchedule(model, planner),
    }))
  })

const walks = ({ passes }: Schedule): boolean => passes.some(({ kind }) => kind === 'walk')

test('there is a cut but where walks read states by cotangents at once, and leave nothing of forward', () => {
  for (const { name, gradients } of cut)
    expect([name, gradients.inTwo === undefined]).toEqual([name, walks(gradients)])
  expect(cut.some(({ gradients }) => walks(gradients))).toBe(true)
})

test.each(cut.flatMap(({ name, gradients: { inTwo, ...whole } }) => (inTwo ? { name, inTwo, whole } : [])))(
  '$name',
  ({ inTwo, whole }) => {
    const [keep, rest] = [verify(inTwo.keep), verify(inTwo.rest)]
    const kept = rest.buffers.filter((plan) => plan.kept).map((plan) => plan.name)
    expect(kept.length).toBeGreaterThan(0)
    expect(keep.buffers.filter((plan) => plan.kept).map((plan) => plan.name)).toEqual(kept)
    expect(keep.buffers.some((plan) => plan.name === 'dout')).toBe(false)
    expect(unwritten(keep)).toEqual([])
    expect(new Set(unwritten(rest))).toEqual(new Set(kept))
    // Each pass is in one part.
    const names = [...keep.passes, ...rest.passes].map((pass) => pass.name).filter((one) => one !== 'result')
    expect(names.toSorted()).toEqual(whole.passes.map((pass) => pass.name).toSorted())
    const [one, two, four] = [4096, 8192, 16384].map((length) => bytesOf(rest, length)) as [
      number,
      number,
      number,
    ]
    expect(four - two).toBe(2 * (two - one))
    expect(two).toBeGreaterThan(one)
  },
)
