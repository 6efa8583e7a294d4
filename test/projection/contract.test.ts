// The law of projections as the compiler reads it, against the rows that are drawn.
import { describe, expect, test } from 'vitest'
import { blockHeight, couplings, drawnAs } from '../../runtime/contract/projections.ts'
import { drawProjection } from '../../runtime/projection/index.ts'

test.each([
  [1, 1],
  [5, 5],
  [8, 8],
  [9, 16],
  [16, 16],
  [20, 32],
  [64, 64],
])('hadamard rows of width %i come in blocks of %i', (dim, height) => {
  expect(blockHeight({ coupling: 'hadamard', dim })).toBe(height)
  expect(drawnAs({ coupling: 'hadamard', dim })).toBe(dim <= 8 ? 'orthogonal' : 'hadamard')
})

describe.each(couplings)('%s', (coupling) => {
  // Squared cosines of independent directions average 1/dim; those of a block are fixed.
  test.each([3, 5, 16])('rows of width %i depend on each other within a block alone', (dim) => {
    const height = blockHeight({ coupling, dim })
    const blocks = 3000
    const drawn = drawProjection({ rows: blocks * height, dim, coupling, fixedNorm: true, seed: 4 })
    const cosine = (a: number, b: number): number => {
      let sum = 0
      for (let t = 0; t < dim; t++) sum += (drawn[a * dim + t] ?? 0) * (drawn[b * dim + t] ?? 0)
      return sum / dim
    }
    const squares = (from: number, to: number): number => {
      let sum = 0
      for (let block = 0; block + 1 < blocks; block++)
        sum += cosine(block * height + from, block * height + to) ** 2
      return sum / (blocks - 1)
    }
    const independent = 1 / dim
    expect(Math.abs(squares(height - 1, height) / independent - 1)).toBeLessThan(0.15)
    if (coupling === 'iid') return
    const angle = coupling === 'simplex' ? 1 / (dim - 1) ** 2 : 0
    expect(Math.abs(squares(0, 1) - angle)).toBeLessThan(1e-6)
    expect(Math.abs(squares(height - 2, height - 1) - angle)).toBeLessThan(1e-6)
  })
})
