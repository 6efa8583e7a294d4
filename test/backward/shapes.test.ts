// Gradients of factorised attention on the processor, which has walks of its own for them, in shapes that fill no chunk.
import { describe, expect, test } from 'vitest'
import { createAttention } from '../../runtime/index.ts'
import { once } from '../numeric/agree.ts'
import type { Sizes } from '../numeric/harness.ts'
import { compileFor, full, normals, relativeError } from '../numeric/harness.ts'

const [dim, valueDim] = [6, 5]
const settings = (lines: string, features = ''): string =>
  `${features}\nattention subject {\n  dim: ${dim}\n  value_dim: ${valueDim}\n  feature: ${features ? 'mine' : 'favor'}\n${lines}\n}\n`

const texts: Record<string, string> = {
  'scaled sums of an odd number of features': settings('  projections: 37 iid seed 4\n  mask: causal'),
  'scaled sums, no mask': settings('  projections: 9 iid seed 4'),
  'coefficients that may be 0, a decay': settings(
    '  projections: 9 iid seed 4\n  mask: causal\n  decay: 1 - 2^(-2 - head)\n  epsilon: 1e-3',
    'feature mine(x, w) = exp(dot(w, x) - dot(x, x) / 2) * relu(dot(w, x))',
  ),
  'plain sums, a decay': settings(
    '  mask: causal\n  decay: 1 - 2^(-2 - head)',
    'feature mine(x) = relu(x) + 1',
  ),
  'plain sums, nothing divided': settings('  mask: causal\n  normalize: none', 'feature mine(x) = relu(x)'),
}

const shapes: Record<string, Sizes> = {
  'grouped heads, a short item': { batch: 2, heads: 4, kvHeads: 2, length: 37, lengths: [37, 20] },
  'more queries than keys': { heads: 2, kvHeads: 2, length: 70, keyLength: 33 },
  'more keys than queries, and none of an item': {
    batch: 2,
    heads: 2,
    kvHeads: 1,
    length: 20,
    keyLength: 45,
    lengths: [45, 0],
  },
}

describe.each(Object.entries(texts))('%s', (_, text) => {
  const { program } = compileFor('wasm', text)
  const opened = once(() =>
    Promise.all((['wasm', 'reference'] as const).map((backend) => createAttention(program, { backend }))),
  )
  test.each(Object.entries(shapes))('%s', async (_, shape) => {
    const sizes = { ...full(shape), ...(shape.lengths && { lengths: shape.lengths }) }
    const { batch, heads, kvHeads, length, keyLength } = sizes
    const call = {
      ...sizes,
      q: normals(batch * heads * length * dim, 1),
      k: normals(batch * kvHeads * keyLength * dim, 2),
      v: normals(batch * kvHeads * keyLength * valueDim, 3),
      dout: normals(batch * heads * length * valueDim, 4),
    }
    const [own, truth] = await Promise.all((await opened()).map((attention) => attention.backward(call)))
    for (const name of ['dq', 'dk', 'dv'] as const)
      expect(relativeError(own?.[name] ?? [], truth?.[name] ?? [])).toBeLessThan(1e-5)
  })
})
