// Rows through fast transforms, and through the matrix that stands for the same projections, in float64.
import { describe, expect, test } from 'vitest'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Kernel } from '../../compiler/kernel/kernel.ts'
import { lower } from '../../compiler/kernel/lower/lower.ts'
import { evaluateSize } from '../../runtime/contract/size.ts'
import { defaultLimits, sharedBytes } from '../../compiler/kernel/limits.ts'
import { isCheaper, projectedRows } from '../../compiler/schedule/projected.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { drawProjection, hadamardFactors, hadamardTable } from '../../runtime/projection/index.ts'
import { numbers } from './samples.ts'
import { shapeOf } from './shape.ts'

/** The two kernels that project rows, with what they need to be told. */
function kernelsFor(dim: number, count: number, groups: Schedule['groups']): [Schedule, Kernel, Kernel] {
  const { passes, buffers } = projectedRows(
    dim,
    count,
    groups === 'heads' ? 1 : ['ceildiv', 'heads', 'kvHeads'],
  )
  const input = { role: 'input', element: 'f32', size: 1, layout: '' } as const
  const schedule: Schedule = {
    name: 'rows',
    evaluation: 'factorised',
    dim,
    valueDim: 1,
    features: count,
    causal: true,
    groups,
    chunk: 32,
    chunks: 1,
    buffers: [
      { name: 'q', ...input },
      { name: 'k', ...input },
      { ...input, name: 'w', role: 'projection' },
      ...buffers,
    ],
    passes,
  }
  const [transform, project] = lower(schedule)
  if (transform === undefined || project === undefined) throw new Error('rows are projected in two ways')
  return [schedule, transform, project]
}

const sizes = { batch: 2, heads: 4, kvHeads: 2, length: 5, keyLength: 3 }

/** What a slice's rows come to, in the order in which they are stored. */
function wanted(
  w: Float32Array,
  { q, k }: Readonly<Record<'q' | 'k', Float32Array>>,
  dim: number,
  groups: Schedule['groups'],
  [first, count]: readonly [number, number],
): number[] {
  const { heads, kvHeads, length, keyLength } = sizes
  const each = groups === 'heads' ? 1 : heads / kvHeads
  const through = (rows: Float32Array, row: number): number[] =>
    Array.from({ length: w.length / dim }, (_, component) => {
      let sum = 0
      for (let t = 0; t < dim; t++) sum += rows[row * dim + t]! * w[component * dim + t]!
      return sum
    })
  const rowsOf = (from: Float32Array, firstRow: number, many: number): number[] =>
    Array.from({ length: many }, (_, row) => through(from, firstRow + row)).flat()
  return Array.from({ length: count }, (_, slice) => {
    const group = first + slice
    const keyGroup = groups === 'heads' ? Math.floor(group / (heads / kvHeads)) : group
    return [...rowsOf(q, group * each * length, each * length), ...rowsOf(k, keyGroup * keyLength, keyLength)]
  }).flat()
}

describe.each([
  { dim: 16, count: 16, groups: 'kvHeads' },
  { dim: 16, count: 5, groups: 'heads' },
  { dim: 32, count: 70, groups: 'kvHeads' },
  { dim: 64, count: 64, groups: 'kvHeads' },
  { dim: 64, count: 200, groups: 'heads' },
  { dim: 40, count: 100, groups: 'kvHeads' },
  { dim: 9, count: 33, groups: 'kvHeads' },
  { dim: 100, count: 130, groups: 'kvHeads' },
  { dim: 700, count: 3, groups: 'kvHeads' },
] as const)('$count projections of width $dim, in groups of $groups', ({ dim, count, groups }) => {
  const law = { rows: count, dim, coupling: 'hadamard', fixedNorm: dim === 32, seed: 7 } as const
  const [schedule, transform, project] = kernelsFor(dim, count, groups)
  const q = numbers(sizes.batch * sizes.heads * sizes.length * dim, 1)
  const k = numbers(sizes.batch * sizes.kvHeads * sizes.keyLength * dim, 2)
  const w = drawProjection(law)
  const factors = hadamardFactors(law)

  test.each([
    ['all groups', [0, sizes.batch * sizes[groups]]],
    ['a slice of them', [1, 2]],
  ] as const)('%s', (_, slice) => {
    if (factors === undefined) throw new Error('rows so wide are drawn as a transform')
    const shape = { ...shapeOf(sizes), sliceStart: slice[0], sliceCount: slice[1] }
    const given = { q, k, w, factors: hadamardTable(factors) }
    const expected = wanted(w, given, dim, groups, slice)
    for (const kernel of [transform, project]) {
      const plan = schedule.buffers.find(({ name }) => name === 'projected')
      const projected = new Float32Array(evaluateSize(plan?.size ?? 0, shape)).fill(Number.NaN)
      expect(projected.length).toBe(expected.length)
      const buffers: Record<string, Float32Array> = { ...given, projected }
      const bound = kernel.bindings.map(({ name }) => [name, buffers[name] ?? new Float32Array()] as const)
      interpret(kernel, Object.fromEntries(bound), shape)
      const errors = expected.map((value, index) => Math.abs(projected[index]! - value))
      // A NaN is the largest of all.
      const worst = Math.max(...errors)
      expect(worst / Math.max(...expected.map(Math.abs))).toBeLessThan(1e-6)
    }
  })
})

test('kernels of the widest rows fit a device', () => {
  const [, transform] = kernelsFor(2048, 4096, 'kvHeads')
  expect(sharedBytes(transform)).toBeLessThanOrEqual(defaultLimits.workgroupBytes)
  expect(transform.workgroupSize).toBeLessThanOrEqual(defaultLimits.workgroupSize)
})

test('narrow rows stay with the matrix, and rows that no transform is drawn for', () => {
  const once = { query: 1, key: 2 }
  expect([1, 8, 16, 32, 64, 128, 2048, 2049].map((dim) => isCheaper(dim, 256, once))).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
    true,
    false,
  ])
  // The rest of a block is computed for nothing.
  expect(isCheaper(64, 2, once)).toBe(false)
})
