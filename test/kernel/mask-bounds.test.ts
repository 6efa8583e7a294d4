// A tile is skipped only where the condition holds for none of its pairs: against the condition itself.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { build, understand } from '../../compiler/pipeline.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import { reference } from '../../compiler/reference/reference.ts'
import { normals, relativeError } from '../numeric/harness.ts'

const masks = [
  'i >= j && i - j < 5',
  'i - j > 40 || j - i > 40',
  '!(abs(i - j) < 33)',
  'floor(i / 7) == floor(j / 7)',
  '(i + j) % 11 != 3 && i * j >= 64',
  'random(floor(i / 32), floor(j / 32), 3) < 0.4',
  'j < 3 || j >= length - 2 || min(i, j) == 1 || max(i, j) > 66',
  'i % 64 < 32 && -j + 5 <= 0 && i < length / 2.5',
]

test.each(masks)('%s', (mask) => {
  const source = { file: 'mask.attn', text: `attention a { dim: 4 kernel: exp(dot(q, k)) mask: ${mask} }` }
  const [model] = understand(source).checked.attentions
  if (model === undefined) throw new Error('the mask is right')
  const built = build(model, source)
  if ('unsupported' in built) throw new Error(built.unsupported)
  const [kernel] = built.kernels
  if (kernel === undefined) throw new Error('there is a kernel')
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 100 }), (length, keyLength) => {
      const [q, k, v] = [normals(length * 4, 1), normals(keyLength * 4, 2), normals(keyLength * 4, 3)]
      const out = new Float32Array(length * 4).fill(NaN)
      const sizes = { batch: 1, heads: 1, kvHeads: 1, length, keyLength }
      const rest = { chunks: 1, offset: 0, capacity: keyLength, sliceStart: 0, sliceCount: 1 }
      interpret(kernel, { q, k, v, lengths: Uint32Array.of(keyLength), out }, { ...sizes, ...rest })
      expect(relativeError(out, reference(model, { q, k, v, ...sizes }))).toBeLessThan(2e-6)
    }),
    { numRuns: 8, seed: 7 },
  )
})

test('a window looks at as many tiles as it is wide', () => {
  const source = {
    file: 'w.attn',
    text: 'attention a { dim: 4 kernel: exp(dot(q, k)) mask: i >= j && i - j < 32 }',
  }
  const [model] = understand(source).checked.attentions
  const built = model && build(model, source)
  if (built === undefined || 'unsupported' in built) throw new Error('it compiles')
  expect(built.program.kernels['attend']?.code).toMatch(/if \(.*firstRow.*\) \{/)
})
