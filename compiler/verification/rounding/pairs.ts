/**
 * Of each pair of a query row and a key row, how large the numbers are whose sum
 * is its score, and how far from it f32 arithmetic may be. Both are over
 * exp(scale) of the query's row, so that neither overflows.
 */
import type { Attention, ScaledTerm } from '../../algebra/attention.ts'
import { featuresOf, pairsOf } from '../../algebra/facts.ts'
import { Bindings, boundedEvaluator, lossOfSum } from './bounded.ts'
import { smallestSingle, unit } from '../../symbolic/single.ts'
import { type BoundedFeatures, boundedFeatures } from './features.ts'

/** One query row against all keys that it sees. */
export interface PairRow {
  readonly scale: number
  /** The scores; 0 for a key that is not seen. */
  readonly value: Float64Array
  /** Σ over the parts of a score of their absolute values. */
  readonly magnitude: Float64Array
  readonly error: Float64Array
}

export interface Rows {
  /** Multiplied by √scale. */
  readonly q: readonly Float64Array[]
  /** How many of them count. */
  readonly queries: number
  readonly k: readonly Float64Array[]
  readonly projection: readonly Float64Array[]
}

/** A sum of a few of these is larger than any f32 number. */
const overflowing = 2 ** 120

export function pairRows(
  attention: Attention,
  { q, queries, k, projection }: Rows,
  wanted: readonly number[],
  sees: (i: number, j: number) => boolean,
): PairRow[] {
  const kernel = pairsOf(attention)?.kernel
  const score = featuresOf(attention)
  const pair =
    kernel !== undefined
      ? kernelPairs(attention, kernel, q, k)
      : score &&
        factorisedPairs(
          boundedFeatures(attention, score, 'query', q, projection, queries, wanted),
          boundedFeatures(attention, score, 'key', k, projection, k.length),
          wanted,
        )
  if (pair === undefined) return []
  const carried = attention.stabilize.kind === 'auto'
  return wanted.map((i) => {
    const parts = k.map((_, j) => (sees(i, j) ? pair(i, j) : undefined))
    const scale = parts.reduce((top, part) => Math.max(top, part?.scale ?? -Infinity), -Infinity)
    const share = (part: Part | undefined): number =>
      part === undefined || scale === -Infinity ? 0 : Math.exp(part.scale - scale)
    return {
      scale,
      value: Float64Array.from(parts, (part) => (part?.value ?? 0) * share(part)),
      magnitude: Float64Array.from(parts, (part) => (part?.magnitude ?? 0) * share(part)),
      error: Float64Array.from(parts, (part) => {
        if (part === undefined) return 0
        if (scale === 0 && part.magnitude > overflowing) return Infinity
        // Without a carried scale, f32 takes numbers below the normal ones for 0.
        const lost = carried && scale !== 0 ? 2 ** -100 : smallestSingle
        return part.error * share(part) + lost
      }),
    }
  })
}

interface Part {
  /** Natural logarithm of the factor of the others. */
  readonly scale: number
  readonly value: number
  readonly magnitude: number
  readonly error: number
}

function factorisedPairs(
  query: readonly BoundedFeatures[],
  key: readonly BoundedFeatures[],
  wanted: readonly number[],
): (i: number, j: number) => Part {
  const places = new Map(wanted.map((row, place) => [row, place]))
  return (i, j) => {
    const a = query[places.get(i) ?? -1]
    const b = key[j]
    if (a === undefined || b === undefined) return { scale: 0, value: 0, magnitude: 0, error: Infinity }
    const features = a.coefficient.length
    let scale = -Infinity
    for (let f = 0; f < features; f++)
      if (at(a.coefficient, f) !== 0 && at(b.coefficient, f) !== 0)
        scale = Math.max(scale, at(a.exponent, f) + at(b.exponent, f))
    if (scale === -Infinity) scale = 0
    let value = 0
    let magnitude = 0
    let error = 0
    for (let f = 0; f < features; f++) {
      const weight = Math.exp(Math.min(0, at(a.exponent, f) + at(b.exponent, f) - scale))
      value += weight * at(a.coefficient, f) * at(b.coefficient, f)
      const left = Math.abs(at(a.coefficient, f))
      const right = Math.abs(at(b.coefficient, f))
      const size = left * right
      const grown = Math.exp(Math.min(50, at(a.exponentError, f) + at(b.exponentError, f)))
      const largest = (left + at(a.coefficientError, f)) * (right + at(b.coefficientError, f)) * grown
      magnitude += weight * size
      error += weight * (largest - size)
    }
    return { scale, value, magnitude, error: error + lossOfSum(features) * magnitude }
  }
}

function kernelPairs(
  { stabilize }: Attention,
  kernel: ScaledTerm,
  q: readonly Float64Array[],
  k: readonly Float64Array[],
): (i: number, j: number) => Part {
  const bindings = new Bindings()
  const split = stabilize.kind === 'auto'
  const coefficient = boundedEvaluator(split ? kernel.coefficient : kernel.value, bindings)
  const exponent =
    split && kernel.exponent !== undefined ? boundedEvaluator(kernel.exponent, bindings) : undefined
  const none = new Float64Array(0)
  return (i, j) => {
    bindings.setRow('q', q[i] ?? none, 2 * unit)
    bindings.setRow('k', k[j] ?? none, 2 * unit)
    const factor = coefficient()
    const power = exponent?.()
    const magnitude = Math.abs(factor.value)
    const grown = Math.exp(Math.min(50, power?.error ?? 0))
    return {
      scale: power?.value ?? 0,
      value: factor.value,
      magnitude,
      error: (magnitude + factor.error) * grown - magnitude + 8 * unit * magnitude,
    }
  }
}

const at = (values: Float64Array, index: number): number => values[index] ?? 0
