// The passes of exact attention in the papers' specs, by kernels of one thread: weights alone, parts, and what is added.
import { expect, test } from 'vitest'
import { lowerSequential } from '../../compiler/kernel/sequential/lower.ts'
import { schedule } from '../../compiler/schedule/build.ts'
import { sequentialPlanner } from '../../compiler/schedule/sequential/planner.ts'
import { checkPasses } from '../../compiler/verification/passes/check-passes.ts'
import { compileOne } from '../numeric/harness.ts'
import { sized } from '../numeric/small-specs.ts'

test.each(['linformer', 'nystromformer', 'proxyformer', 'bigbird', 'sliding_window'])('%s', (name) => {
  const { model, algebra } = compileOne(sized(name))
  const plan = schedule(algebra, sequentialPlanner)
  if ('unsupported' in plan) throw new Error(plan.unsupported)
  const kernels = lowerSequential(plan)
  expect(plan.passes.some((pass) => pass.kind === 'online' && pass.tile.threads === 1)).toBe(true)
  const stages = checkPasses({ model, algebra, schedule: plan, kernels }, { seed: 20, calls: 3 })
  expect(stages.map(({ wrong }) => wrong)).toEqual(stages.map(() => undefined))
})
