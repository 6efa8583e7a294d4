// The checks are checked: each of these wrong things must be refuted by some property.
import { describe, expect, test } from 'vitest'
import type { ProjectionLaw } from '../../runtime/contract/projections.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { fromModel } from '../../compiler/algebra/build.ts'
import { lower } from '../../compiler/kernel/lower/lower.ts'
import { schedule } from '../../compiler/schedule/build.ts'
import { interpreterPlatform } from '../../compiler/verification/execution/interpreter.ts'
import { referencePlatform } from '../../compiler/verification/execution/reference.ts'
import type { PropertyName } from '../../compiler/verification/report.ts'
import { wrongClaims } from './mutants/features.ts'
import { wrongKernels } from './mutants/kernels.ts'
import { wrongDraws } from './mutants/projections.ts'
import { wrongSchedules } from './mutants/schedules.ts'
import { firstRefuted, modelOf, resultOf } from './verify-text.ts'

/** Those that run kernels, in the order of their cost. */
const ofKernels: readonly PropertyName[] = [
  'reference',
  'padding',
  'causality',
  'recurrence',
  'convexity',
  'permutation',
  'range',
]

const found = {
  proof: /^estimates /,
  numbers: /^estimates .*Found by numerical integration/,
  test: /^the kernels' estimate is /,
} as const

describe('wrong features', () => {
  test.each(wrongClaims)('$what', async ({ text, by }) => {
    const sample = { draws: [40, 40], projections: 256 } as const
    const result = await resultOf(modelOf(text), referencePlatform, 'unbiased', { sample })
    expect(result).toMatchObject({ status: 'refuted' })
    expect(result.detail).toMatch(found[by])
  })
})

describe('wrong projections', () => {
  test.each(wrongDraws)('$what', async ({ law, draw }) => {
    const model = modelOf(
      `attention one { dim: 8 kernel: exp(dot(q, k)) feature: favor projections: 16 ${law} seed 5 }`,
    )
    const result = await resultOf(model, { ...referencePlatform, draw }, 'orthogonality')
    expect(result).toMatchObject({ status: 'refuted' })
  })
})

// The theorem bounds cosh by half of what independent rows vary by.
test.each(['orthogonal', 'hadamard'])(
  'independent rows are refuted where %s ones should vary less together',
  async (law) => {
    const model = modelOf(`attention one { dim: 5 feature: favor_hyperbolic projections: 5 ${law} }`)
    const draw = (options: ProjectionLaw): Float32Array<ArrayBuffer> =>
      drawProjection({ ...options, coupling: 'iid' })
    const { status, detail } = await resultOf(model, { ...referencePlatform, draw }, 'variance')
    expect(status).toBe('refuted')
    expect(detail).toMatch(new RegExp(`^a mean over ${law} rows varies`))
  },
)

describe('wrong schedules', () => {
  test.each(wrongSchedules)('$what', async ({ spec, replacements }) => {
    expect(await firstRefuted(modelOf(spec), interpreterPlatform(replacements), ofKernels)).not.toBe('none')
  })
})

describe('broken kernels', () => {
  test.each(wrongKernels)('$what', async ({ spec, kernels }) => {
    const model = modelOf(spec)
    const plan = schedule(fromModel(model))
    if ('unsupported' in plan) throw new Error(plan.unsupported)
    const right = [plan, ...Object.values(plan.decoding ?? {})].flatMap(lower)
    expect(kernels(right), 'the kernels have what is to be broken').not.toEqual(right)
    expect(await firstRefuted(model, interpreterPlatform({ kernels }), ofKernels)).not.toBe('none')
  })
})
