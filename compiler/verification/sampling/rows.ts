/** Rows at which kernels are estimated: small ones, in the directions in which draws have been known to go wrong. */
import { scatteredNormal } from '../cases/scatter.ts'

/**
 * `count` rows of one length: ±e₁ and ±(1, …, 1)/√dim, which a rotation with
 * signs that follow the data gets wrong, the last axis, and random directions.
 */
export function directions(dim: number, count: number, seed: number): Float64Array[] {
  const axis = (place: number, sign: number): Float64Array =>
    Float64Array.from({ length: dim }, (_, t) => (t === place ? sign : 0))
  const diagonal = (sign: number): Float64Array => new Float64Array(dim).fill(sign / Math.sqrt(dim))
  const random = (n: number): Float64Array =>
    unit(Float64Array.from({ length: dim }, (_, t) => scatteredNormal(seed, n, t)))
  const special = [axis(0, 1), axis(0, -1), diagonal(1), diagonal(-1), axis(dim - 1, 1)]
  return Array.from({ length: count }, (_, n) => special[n] ?? random(n))
}

function unit(row: Float64Array): Float64Array {
  const norm = Math.hypot(...row)
  return norm === 0 ? row : row.map((entry) => entry / norm)
}
