// `attnc verify` says the same of a file on every target: what holds, what is proved, and what is refuted.
import { expect, it } from 'vitest'
import { targets, verify } from '../../compiler/index.ts'
import type { Target } from '../../compiler/index.ts'
import { testDevice } from '../setup/test-devices.ts'

const specs = {
  'does not estimate its kernel': {
    text: `feature half(x, w) = exp(dot(w, x) - dot(x, x))
      attention half { dim: 3 kernel: exp(dot(q, k)) feature: half projections: 4 }`,
    refuted: ['unbiased'],
  },
  'sees later rows': {
    text: `attention leaks { dim: 3 feature: favor projections: 4 seed 1 mask: causal stabilize: max 1e-2 }`,
    refuted: ['causality'],
  },
} as const

it.each(Object.entries(specs))('an attention that %s', async (_, { text, refuted }) => {
  const device = await testDevice('SwiftShader')
  const verdicts = async (backend: Target): Promise<[string, string][]> => {
    const { attentions } = await verify(text, {
      backend,
      ...(backend === 'webgpu' && { device }),
      runs: 6,
      seed: 4,
    })
    expect(attentions).toMatchObject([{ backend }])
    return (attentions[0]?.properties ?? []).map(({ name, status }) => [name, status])
  }
  const onWebgpu = await verdicts('webgpu')
  for (const target of targets.filter((name) => name !== 'webgpu'))
    expect([target, await verdicts(target)]).toEqual([target, onWebgpu])
  const found = onWebgpu.filter(([, status]) => status === 'refuted').map(([name]) => name)
  expect(found).toEqual(expect.arrayContaining([...refuted]))
})
