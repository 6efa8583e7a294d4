// Where rows act on a state, passes bind what they act by, and each query head has a state.
import { expect, test } from 'vitest'
import { planAction } from '../../compiler/schedule/action.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { verify } from '../../compiler/schedule/verify.ts'
import { compileOne } from '../numeric/harness.ts'

const { schedule } = compileOne('attention a { dim: 4 feature: elu1 mask: causal decay: 0.9 }')
const without = compileOne('attention a { dim: 4 feature: elu1 mask: causal }').schedule

test('an attention without decay has the identity, which binds nothing', () => {
  expect(planAction({ kind: 'identity' })).toEqual({
    operand: { kind: 'identity' },
    groups: 'kvHeads',
    buffers: [],
  })
  const actions = without.passes.flatMap((pass) => ('action' in pass ? pass.action.kind : []))
  expect(actions).toEqual(['identity', 'identity', 'identity'])
})

test.each<[string, Partial<Schedule>]>([
  ['states of several query heads', { groups: 'kvHeads' }],
  [
    'numbers that a pass does not bind',
    {
      passes: schedule.passes.map((pass) =>
        pass.kind === 'scan' ? { ...pass, buffers: pass.buffers.filter((name) => name !== 'decay') } : pass,
      ),
    },
  ],
])('%s are no schedule', (_, change) => {
  expect(() => verify(schedule)).not.toThrow()
  expect(() => verify({ ...schedule, ...change })).toThrow('attnc is wrong about itself')
})
