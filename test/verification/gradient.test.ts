// Gradients are checked, and the check is checked: what is right is not refuted, and each wrong gradient is.
import { describe, expect, test } from 'vitest'
import { fromModel } from '../../compiler/algebra/build.ts'
import { backward } from '../../compiler/schedule/build.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { compiledPlatform } from '../../compiler/verification/execution/compiled.ts'
import type { Platform } from '../../compiler/verification/execution/executor.ts'
import { interpreterPlatform } from '../../compiler/verification/execution/interpreter.ts'
import { referencePlatform } from '../../compiler/verification/execution/reference.ts'
import { evaluateEquations } from '../../compiler/verification/execution/run-equations.ts'
import { wrongGradients } from './mutants/gradients.ts'
import { longestKeys } from '../../compiler/verification/cases/case.ts'
import { together } from '../../compiler/verification/execution/run-gradients.ts'
import { gradientSchedule } from '../backward/schedules.ts'
import { modelOf, resultOf } from './verify-text.ts'

/** The equations of gradients in the place of kernels, changed where a test wants them wrong. */
function equations(change: (plan: Schedule) => Schedule = (plan) => plan): Platform {
  return {
    ...referencePlatform,
    backend: 'interpreter',
    device: 'equations',
    open: async (model, weights) => {
      const executor = await referencePlatform.open(model, weights)
      const right = [false, true].map((parameters) => backward(fromModel(model), undefined, parameters))
      if ('unsupported' in executor) return executor
      const plans = right.flatMap((one) => ('underivable' in one ? [] : [change(one)]))
      return Object.assign(executor, {
        backward: async (call: Parameters<NonNullable<typeof executor.backward>>[0]) => {
          const { projection } = executor
          const { wrt = [] } = call
          const kept = { ...weights, ...(projection && { projection }) }
          const plan = plans[wrt.length]
          const found = plan && evaluateEquations(plan, call, kept, { capacity: longestKeys })
          const given = together((name) => found?.(name), kept)
          const of = (name: string) => Float32Array.from(given(name))
          const ofWeights = Object.keys(weights ?? {}).map((name) => [name, of(`d${name}`)] as const)
          return {
            dq: of('dq'),
            dk: of('dk'),
            dv: of('dv'),
            ...(wrt.includes('projection') && { dprojection: of('dprojection') }),
            ...(wrt.includes('weights') && { dweights: Object.fromEntries(ofWeights) }),
          }
        },
      })
    },
  }
}

const elu = 'attention one { dim: 3 value_dim: 2 feature: elu1 mask: causal }'
const marks =
  'attention one { dim: 3 value_dim: 2 kernel: exp(dot(q, k)) landmarks: 2 learned pinv: 2 conv: 3 }'
const softmax = 'attention one { dim: 3 value_dim: 2 kernel: exp(dot(q, k)) }'
const inseparable = 'attention one { dim: 4 kernel: exp(sum(tanh(q + k))) }'

describe('right gradients', () => {
  test.each([
    ['factorised', elu],
    [
      'of a kink',
      'feature kinked(x, w) = relu(dot(w, x)) + 0.01 attention one { dim: 3 value_dim: 2 feature: kinked projections: 4 seed 2 }',
    ],
    ['of pairs', softmax],
    ['of landmarks', marks],
  ])('%s', async (_, text) => {
    const { status, detail } = await resultOf(modelOf(text), equations(), 'gradient', { runs: 4 })
    expect([status, detail]).toEqual([
      'held',
      expect.stringMatching(
        /^(once|\d times) dq, dk(,| and) dv( and d(projection|weights))? agreed with float64; /,
      ),
    ])
  })

  test('of compiled kernels', async () => {
    const platform = compiledPlatform('wasm', 'this processor')
    const { status, detail } = await resultOf(modelOf(elu), platform, 'gradient')
    expect([status, detail]).toEqual(['held', expect.stringMatching(/the largest error is \d\.\de-[5-8] of/)])
  })
})

test('kernels that are made for no target have no gradients, and it is said why', async () => {
  // Its derivative has a constant that f32 does not hold.
  const text = 'feature steep(x) = 1e38 * x^4 attention one { dim: 3 feature: steep normalize: none }'
  const platform = compiledPlatform('wasm', 'this processor')
  expect(await resultOf(modelOf(text), platform, 'gradient')).toMatchObject({
    status: 'skipped',
    detail:
      'it has no gradients, since they are not compiled for constants that come to more than f32 holds (about 3.4e38)',
  })
})

test.each([
  [
    'kernels that do not separate',
    inseparable,
    equations(),
    'it has no gradients, since the derivative of its kernel is no sum of products of functions of one row each',
  ],
  ['the reference', elu, referencePlatform, 'this backend is the float64 reference itself'],
  ['the interpreter', elu, interpreterPlatform(), 'the interpreter of kernels computes no gradients'],
])('%s are skipped, and it is said why', async (_, text, platform, detail) => {
  expect(await resultOf(modelOf(text), platform, 'gradient')).toMatchObject({ status: 'skipped', detail })
})

describe('wrong gradients', () => {
  test.each(wrongGradients)('$what', async ({ spec, change }) => {
    const model = modelOf(spec)
    const right = gradientSchedule(model, undefined, true)
    expect(change(right), 'the schedule has what is to be wrong').not.toEqual(right)
    const { status, detail, counterexample } = await resultOf(model, equations(change), 'gradient', {
      runs: 16,
    })
    expect([status, detail]).toEqual([
      'refuted',
      expect.stringMatching(
        /^d\w+ is off by .*, where float64 is .*: the kernels give .* where float64 gives /,
      ),
    ])
    expect(counterexample?.table.columns).toEqual(['column', 'kernels', 'float64'])
  })
})
