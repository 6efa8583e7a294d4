// A tile is skipped only where the condition holds for none of its pairs: against the condition itself.
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { build, understand } from '../../compiler/pipeline.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import { reference } from '../../compiler/reference/reference.ts'
import { random } from '../../runtime/projection/index.ts'
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
  '(i / 2) % 2.5 < 1 || -j % 0.5 == floor(i / 2.5) % 2',
  'random(floor(i / 2.5), j - 3000000000, 2^31) < 0.4 || i % 1e10 == j',
  'i % j < 3 || floor(j / (i - 3)) == 2',
  'i / (j - 2) != 4 && !(i % (j % 3) == 1)',
  // Up to 108 rows; a tile goes on to where they wrap.
  'i * 20000000 >= j * 20000000',
  'random(i * 1073741824 * 2 + j * 1073741824 * 2, j, 3) < 0.4',
]

test.each(masks)('%s', (mask) => {
  const source = { file: 'mask.attn', text: `attention a { dim: 4 kernel: exp(dot(q, k)) mask: ${mask} }` }
  const { tree, checked } = understand(source)
  const [model] = checked.attentions
  if (model === undefined) throw new Error('the mask is right')
  const built = build(model, tree)
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

test('BigBird touches no tile that its pattern leaves out, and asks it of mixed tiles alone', () => {
  const text = readFileSync(new URL('../../specs/bigbird.attn', import.meta.url), 'utf8')
  const source = { file: 'bigbird.attn', text: text.replace(/dim: +64/, 'dim: 4') }
  const { tree, checked } = understand(source)
  const [model] = checked.attentions
  if (model === undefined) throw new Error('the spec is right')
  const built = build(model, tree)
  if ('unsupported' in built) throw new Error('it compiles')
  const [kernel] = built.kernels
  if (kernel === undefined) throw new Error('there is a kernel')
  const [length, keyLength, block] = [64 * 4, 64 * 12, 64]
  const [q, k, v] = [normals(length * 4, 1), normals(keyLength * 4, 2), normals(keyLength * 4, 3)]
  const sees = (row: number, column: number): boolean => {
    const last = keyLength / block - 1
    const ends = [row, column].some((one) => one === 0 || one === last)
    return ends || Math.abs(row - column) <= 1 || random(row, column, 0) * (keyLength / block - 5) < 3
  }
  const row = 3
  const unseen = Array.from({ length: keyLength / block }, (_, column) => column).filter((c) => !sees(row, c))
  expect(unseen.length).toBeGreaterThan(2)
  const sizes = { batch: 1, heads: 1, kvHeads: 1, length, keyLength }
  const expected = reference(model, { q, k, v, ...sizes }).slice(row * block * 4, (row + 1) * block * 4)
  // A weight of 0 would not take away what is no number.
  for (const column of unseen) v.fill(Number.NaN, column * block * 4, (column + 1) * block * 4)
  const out = new Float32Array(length * 4)
  const rest = { chunks: 1, offset: 0, capacity: keyLength, sliceStart: 0, sliceCount: 1 }
  const buffers = { q, k, v, lengths: Uint32Array.of(keyLength), out }
  interpret(kernel, buffers, { ...sizes, ...rest }, { races: false })
  expect(relativeError(out.slice(row * block * 4, (row + 1) * block * 4), expected)).toBeLessThan(2e-6)
  expect(built.program.kernels['attend']?.code).toMatch(/if \(!allSeen\) \{/)
})

test('a window looks at as many tiles as it is wide', () => {
  const source = {
    file: 'w.attn',
    text: 'attention a { dim: 4 kernel: exp(dot(q, k)) mask: i >= j && i - j < 32 }',
  }
  const { tree, checked } = understand(source)
  const [model] = checked.attentions
  const built = model && build(model, tree)
  if (built === undefined || 'unsupported' in built) throw new Error('it compiles')
  expect(built.program.kernels['attend']?.code).toMatch(/if \(.*firstRow.*\) \{/)
})
