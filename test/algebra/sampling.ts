// Means over projection rows by drawing and by quadrature, from the checked spec itself.
import { environmentOf, evaluateScalar, evaluate } from '../../compiler/symbolic/evaluate.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { drawProjection } from '../../runtime/projection/index.ts'

export interface Pair {
  readonly q: readonly number[]
  readonly k: readonly number[]
  readonly positions?: { readonly i: number; readonly j: number; readonly length: number }
}

/** Σ over blocks of f(q, w)·f(k, w), or φ(q)·φ(k) where there is no w. */
export function featureProduct({ feature }: AttentionModel, pair: Pair, w: Float64Array): number {
  const { i, j, length } = pair.positions ?? { i: 3, j: 1, length: 8 }
  const q = environmentOf({ x: Float64Array.from(pair.q), w, position: i, length })
  const k = environmentOf({ x: Float64Array.from(pair.k), w, position: j, length })
  let sum = 0
  feature!.query.forEach((block, n) => {
    const left = evaluate(block, q)
    const right = evaluate(feature!.key[n]!, k)
    if (typeof left === 'number' && typeof right === 'number') sum += left * right
    else if (typeof left !== 'number' && typeof right !== 'number')
      left.forEach((entry, t) => (sum += entry * right[t]!))
  })
  return sum
}

export interface Sampled {
  readonly mean: number
  /** Of the mean. */
  readonly error: number
  /** Of one row's contribution. */
  readonly variance: number
}

/** Over rows drawn as the file says, in independent matrices. */
export function sample(model: AttentionModel, pair: Pair, draws: number): Sampled {
  const { dim, projections } = model
  const { coupling, fixedNorm } = projections!
  const matrix = drawProjection({ rows: draws, dim, coupling, fixedNorm, seed: 12345 })
  // The rows of a block depend on each other, so that the error is that of the means of blocks.
  const blocks: number[] = []
  let squares = 0
  let total = 0
  for (let start = 0; start + dim <= draws; start += dim) {
    let sum = 0
    for (let row = start; row < start + dim; row++) {
      const value = featureProduct(
        model,
        pair,
        Float64Array.from(matrix.subarray(row * dim, (row + 1) * dim)),
      )
      sum += value
      squares += value * value
      total += value
    }
    blocks.push(sum / dim)
  }
  const count = blocks.length
  const mean = blocks.reduce((a, b) => a + b, 0) / count
  const spread = blocks.reduce((a, b) => a + (b - mean) ** 2, 0) / (count - 1)
  const rows = count * dim
  return { mean, error: Math.sqrt(spread / count), variance: squares / rows - (total / rows) ** 2 }
}

/** φ(q)·φ(k) under `count` independent projection matrices of m rows. */
export function blockMeans(model: AttentionModel, pair: Pair, m: number, count: number): number[] {
  const { dim, projections } = model
  const { coupling, fixedNorm } = projections!
  return Array.from({ length: count }, (_, seed) => {
    const matrix = drawProjection({ rows: m, dim, coupling, fixedNorm, seed })
    let sum = 0
    for (let row = 0; row < m; row++)
      sum += featureProduct(model, pair, Float64Array.from(matrix.subarray(row * dim, (row + 1) * dim)))
    return sum / m
  })
}

export function kernelAt({ kernel }: AttentionModel, { q, k }: Pair): number {
  return evaluateScalar(kernel!, environmentOf({ q: Float64Array.from(q), k: Float64Array.from(k) }))
}

interface Rule {
  readonly nodes: number[]
  readonly weights: number[]
}

const rules = new Map<number, Rule>()

/** Nodes and weights for the mean of a function of one N(0, 1) number: exact for polynomials below degree 2n. */
export function gaussHermite(n: number): Rule {
  const rule = rules.get(n) ?? makeRule(n)
  rules.set(n, rule)
  return rule
}

function makeRule(n: number): Rule {
  const nodes: number[] = []
  const weights: number[] = []
  // Orthonormal polynomials of the normal law: √(s+1)·h_(s+1) = x·h_s − √s·h_(s−1).
  const polynomials = (x: number): { last: number; before: number } => {
    let before = 0
    let last = 1
    for (let s = 0; s < n; s++) [before, last] = [last, (x * last - Math.sqrt(s) * before) / Math.sqrt(s + 1)]
    return { last, before }
  }
  const limit = 2 * Math.sqrt(n) + 1
  const steps = 400 * n
  for (let step = 0; step < steps; step++) {
    let low = -limit + (2 * limit * step) / steps
    let high = -limit + (2 * limit * (step + 1)) / steps
    const sign = Math.sign(polynomials(low).last)
    if (sign === Math.sign(polynomials(high).last)) continue
    for (let halving = 0; halving < 60; halving++) {
      const middle = (low + high) / 2
      if (Math.sign(polynomials(middle).last) === sign) low = middle
      else high = middle
    }
    const x = (low + high) / 2
    nodes.push(x)
    weights.push(1 / (n * polynomials(x).before ** 2))
  }
  return { nodes, weights }
}

export interface Integral {
  readonly mean: number
  /** The mean of the absolute value. */
  readonly size: number
}

/** The mean over w ~ N(0, I), in one or two dimensions. */
export function quadrature(dim: 1 | 2, of: (w: Float64Array) => number, n: number): Integral {
  const { nodes, weights } = gaussHermite(n)
  let mean = 0
  let size = 0
  const visit = (weight: number, w: Float64Array): void => {
    const value = weight * of(w)
    mean += value
    size += Math.abs(value)
  }
  nodes.forEach((x, a) => {
    if (dim === 1) visit(weights[a]!, Float64Array.of(x))
    else nodes.forEach((y, b) => visit(weights[a]! * weights[b]!, Float64Array.of(x, y)))
  })
  return { mean, size }
}
