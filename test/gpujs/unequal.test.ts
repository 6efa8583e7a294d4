// Causal rows where there are not as many keys as queries: rows past the last key see them all.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { build, understand } from '../../compiler/pipeline.ts'
import { reference } from '../../compiler/reference/reference.ts'
import { createAttention } from '../../runtime/index.ts'
import { randomCall } from '../runtime/expected.ts'
import { difference } from './difference.ts'

const shapes = [
  [2, 1],
  [130, 33],
  [3, 90],
] as const

test.each(['softmax', 'linear_transformer', 'performer', 'retnet'])('%s', async (name) => {
  const source = { file: `${name}.attn`, text: readFileSync(`specs/${name}.attn`, 'utf8') }
  const { tree, checked } = understand(source)
  const [model] = checked.attentions
  const built = build(model!, tree, 'gpujs')
  if ('unsupported' in built) throw new Error(built.unsupported)
  using attention = await createAttention(built.program)
  const { projection } = attention
  for (const [length, keyLength] of shapes) {
    const call = randomCall({ length, keyLength, heads: 2, kvHeads: 1 }, attention.dim, attention.valueDim)
    const expected = reference(model!, { ...call, ...(projection && { projection }) })
    expect(difference(await attention.forward(call), expected)).toBeLessThan(2e-6)
  }
})
