// What makes random features unbiased: each row alone is N(0, I), also along the directions in which a QR
// factorisation without a sign correction is known to fail.
import { describe, expect, test } from 'vitest'
import type { Coupling, ProjectionLaw } from '../../runtime/contract/projections.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import {
  chiSquaredDistribution,
  kolmogorov,
  KOLMOGOROV_LIMIT,
  normalDistribution,
  standardErrors,
  Z_LIMIT,
} from './statistics.ts'

const couplings: readonly Coupling[] = ['iid', 'orthogonal', 'hadamard', 'simplex']
const exactCouplings: readonly Coupling[] = ['iid', 'orthogonal', 'simplex']

type Draw = (seed: number) => ArrayLike<number>

function drawing(options: Omit<ProjectionLaw, 'seed' | 'fixedNorm'>): Draw {
  return (seed) => drawProjection({ ...options, fixedNorm: false, seed })
}

/** For each of several numbers made from a draw, its samples over redraws. */
function redraw(
  count: number,
  draw: Draw,
  values: readonly ((matrix: ArrayLike<number>) => number)[],
): readonly Float64Array[] {
  const samples = values.map(() => new Float64Array(count))
  for (let seed = 0; seed < count; seed++) {
    const matrix = draw(seed)
    values.forEach((value, i) => (samples[i]![seed] = value(matrix)))
  }
  return samples
}

/**
 * For each direction, how many standard errors the mean of exp(ω·z − ‖z‖²/2) over rows and redraws lies from 1,
 * its expectation for rows that are N(0, I), for z of length 1: what the features of softmax attention rest on.
 */
function estimatorErrors(draw: Draw, dim: number, redraws: number): number[] {
  const estimates = directionsOf(dim).map((direction) => {
    const length = Math.sqrt(direction.reduce((sum, x) => sum + x * x, 0))
    const z = direction.map((x) => x / length)
    return (matrix: ArrayLike<number>): number => {
      let sum = 0
      for (let start = 0; start < matrix.length; start += dim)
        sum += Math.exp(z.reduce((product, x, i) => product + x * matrix[start + i]!, 0) - 0.5)
      return sum / (matrix.length / dim)
    }
  })
  return redraw(redraws, draw, estimates).map((means) => Math.abs(standardErrors(means, 1)))
}

/** ±e₁, ±e_d and ±(1, …, 1)/√d: a factorisation's signs show along the axes and the diagonal. */
function directionsOf(dim: number): number[][] {
  const first = Array.from({ length: dim }, (_, i) => (i === 0 ? 1 : 0))
  const last = first.toReversed()
  const all = first.map(() => 1)
  return [first, last, all].flatMap((direction) => [direction, direction.map((x) => -x)])
}

/** The rows of Qᵀ of a Householder QR of a normal matrix, its signs as the factorisation leaves them, χ lengths. */
function bareHouseholder(dim: number): Draw {
  return (seed) => {
    const normal = Float64Array.from(
      drawProjection({ rows: dim, dim, coupling: 'iid', fixedNorm: false, seed: 1e6 + seed }),
    )
    const lengths = drawProjection({ rows: dim, dim, coupling: 'iid', fixedNorm: false, seed: 2e6 + seed })
    const q = Float64Array.from({ length: dim * dim }, (_, at) => (at % (dim + 1) === 0 ? 1 : 0))
    for (let k = 0; k < dim; k++) {
      const v = Float64Array.from({ length: dim }, (_, i) => (i < k ? 0 : normal[i * dim + k]!))
      const size = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0))
      v[k] = v[k]! + (v[k]! < 0 ? -size : size)
      const square = v.reduce((sum, x) => sum + x * x, 0)
      for (let column = 0; column < dim; column++) {
        const component = (2 / square) * v.reduce((sum, x, i) => sum + x * normal[i * dim + column]!, 0)
        for (let i = 0; i < dim; i++) normal[i * dim + column] = normal[i * dim + column]! - component * v[i]!
      }
      // Q = H₁H₂…: each reflection acts on its columns from the right.
      for (let row = 0; row < dim; row++) {
        const component = (2 / square) * v.reduce((sum, x, i) => sum + x * q[row * dim + i]!, 0)
        for (let i = 0; i < dim; i++) q[row * dim + i] = q[row * dim + i]! - component * v[i]!
      }
    }
    return Float64Array.from({ length: dim * dim }, (_, at) => {
      const row = Math.floor(at / dim)
      const chi = Math.sqrt(lengths.subarray(row * dim, (row + 1) * dim).reduce((sum, x) => sum + x * x, 0))
      return q[(at % dim) * dim + row]! * chi
    })
  }
}

describe('the estimate of the softmax kernel is unbiased', () => {
  const redraws = 5000
  test.each([4, 8].flatMap((dim) => couplings.map((coupling) => [coupling, dim] as const)))(
    '%s, dim %i',
    (coupling, dim) => {
      const draw = drawing({ rows: dim, dim, coupling })
      expect(Math.max(...estimatorErrors(draw, dim, redraws))).toBeLessThan(Z_LIMIT)
    },
  )

  test.each([
    ['hadamard', 3, 7],
    ['hadamard', 12, 16],
    ['hadamard', 20, 40],
    ['hadamard', 32, 32],
    ['simplex', 1, 3],
    ['simplex', 2, 3],
    ['orthogonal', 1, 2],
    ['orthogonal', 5, 7],
  ] as const)('%s, dim %i, %i rows: short last blocks and padding', (coupling, dim, rows) => {
    const draw = drawing({ rows, dim, coupling })
    expect(Math.max(...estimatorErrors(draw, dim, 2000))).toBeLessThan(Z_LIMIT)
  })

  test.each([4, 8])('which a Householder QR without a sign correction fails, dim %i', (dim) => {
    const draw = bareHouseholder(dim)
    expect(Math.max(...estimatorErrors(draw, dim, redraws))).toBeGreaterThan(2 * Z_LIMIT)
    const [corner] = redraw(redraws, draw, [(matrix) => matrix[0]!])
    expect(Math.abs(standardErrors(corner!, 0))).toBeGreaterThan(2 * Z_LIMIT)
  })
})

describe('each row alone is N(0, I)', () => {
  test.each(exactCouplings)('%s: entries are normal', (coupling) => {
    for (const [rows, dim, at] of [
      [3, 1, 2],
      [3, 2, 3],
      [6, 5, 0],
      [6, 5, 24],
      [6, 5, 28],
    ] as const) {
      const [entries] = redraw(4000, drawing({ rows, dim, coupling }), [(matrix) => matrix[at]!])
      expect(kolmogorov(entries!, normalDistribution)).toBeLessThan(KOLMOGOROV_LIMIT)
    }
  })

  test('all entries of a large iid matrix are normal', () => {
    const matrix = drawProjection({ rows: 1000, dim: 64, coupling: 'iid', fixedNorm: false, seed: 9 })
    expect(kolmogorov(matrix, normalDistribution)).toBeLessThan(KOLMOGOROV_LIMIT)
  })

  test.each(couplings)('%s: squared row lengths are χ²(dim)', (coupling) => {
    for (const dim of [2, 16]) {
      // Lengths are independent also within a block, so all rows of one draw count.
      const matrix = drawProjection({ rows: 4000, dim, coupling, fixedNorm: false, seed: 10 })
      const squares = Float64Array.from({ length: 4000 }, (_, row) =>
        matrix.subarray(row * dim, (row + 1) * dim).reduce((sum, x) => sum + x * x, 0),
      )
      expect(kolmogorov(squares, (x) => chiSquaredDistribution(x, dim))).toBeLessThan(KOLMOGOROV_LIMIT)
    }
  })

  test.each([12, 20, 64])('hadamard, dim %i: entries have mean 0, variance 1 and no correlation', (dim) => {
    const draw = drawing({ rows: 2, dim, coupling: 'hadamard' })
    const checks: readonly (readonly [(matrix: ArrayLike<number>) => number, number])[] = [
      [(matrix) => matrix[0]!, 0],
      [(matrix) => matrix[dim - 1]!, 0],
      [(matrix) => matrix[1]! ** 2, 1],
      [(matrix) => matrix[dim]! ** 2, 1],
      [(matrix) => matrix[0]! * matrix[1]!, 0],
      [(matrix) => matrix[2]! * matrix[dim - 1]!, 0],
    ]
    const samples = redraw(
      4000,
      draw,
      checks.map(([value]) => value),
    )
    checks.forEach(([, expected], i) => {
      expect(Math.abs(standardErrors(samples[i]!, expected))).toBeLessThan(Z_LIMIT)
    })
  })
})

test.each(couplings)('%s: blocks are uncorrelated', (coupling) => {
  const dim = 4
  const draw = drawing({ rows: 3 * dim, dim, coupling })
  const others = [dim * dim, 2 * dim * dim, dim * dim + 5]
  const products = others.map((other) => (matrix: ArrayLike<number>) => matrix[0]! * matrix[other]!)
  for (const samples of redraw(4000, draw, products))
    expect(Math.abs(standardErrors(samples, 0))).toBeLessThan(Z_LIMIT)
})
