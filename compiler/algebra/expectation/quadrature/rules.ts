/** Composite Gauss-Legendre rules, and the laws of the radius in a plane. */

/** A quadrature rule: ∫f ≈ Σ weights[n]·f(at[n]). */
export interface Nodes {
  readonly at: Float64Array
  readonly weights: Float64Array
}

/** A piece of the real line. */
export type Interval = readonly [from: number, to: number]

const order = 16
const legendre = legendreRule(order)

/** The roots of the Legendre polynomial by Newton's method, on (−1, 1). */
function legendreRule(n: number): Nodes {
  const at = new Float64Array(n)
  const weights = new Float64Array(n)
  for (let root = 0; root < n; root++) {
    let x = Math.cos((Math.PI * (root + 0.75)) / (n + 0.5))
    let slope = 1
    for (let step = 0; step < 10; step++) {
      let [below, value] = [1, x]
      for (let degree = 2; degree <= n; degree++)
        [below, value] = [value, ((2 * degree - 1) * x * value - (degree - 1) * below) / degree]
      slope = (n * (x * value - below)) / (x * x - 1)
      x -= value / slope
    }
    at[root] = x
    weights[root] = 2 / ((1 - x * x) * slope * slope)
  }
  return { at, weights }
}

/** The rule on each of these intervals, one after the other. */
export function nodesOn(intervals: readonly Interval[]): Nodes {
  const at = new Float64Array(order * intervals.length)
  const weights = new Float64Array(order * intervals.length)
  intervals.forEach(([from, to], n) => {
    const half = (to - from) / 2
    legendre.at.forEach((x, node) => {
      at[n * order + node] = from + half * (1 + x)
      weights[n * order + node] = half * (legendre.weights[node] ?? Number.NaN)
    })
  })
  return { at, weights }
}

/** The interval in parts of one length. */
export const divided = ([from, to]: Interval, parts: number): Interval[] =>
  Array.from({ length: parts }, (_, n) => [
    from + ((to - from) * n) / parts,
    from + ((to - from) * (n + 1)) / parts,
  ])

/** The law of |z|, of a parameter, z being the part of a projection row in a plane; its angle is uniform. */
export interface RadialLaw {
  /** The range of the parameter, in pieces that a rule takes at its coarsest. */
  readonly pieces: readonly Interval[]
  readonly radius: (parameter: number) => number
  readonly density: (parameter: number) => number
  /** Whether the last piece is an end, and not only where float64 has no smaller densities. */
  readonly bounded: boolean
}

/** r·exp(−r²/2), up to where that is the smallest of numbers. */
export const normalRadius: RadialLaw = {
  pieces: divided([0, 36], 12),
  radius: (r) => r,
  density: (r) => r * Math.exp((-r * r) / 2),
  bounded: false,
}

/**
 * Of rows uniform on the sphere of radius √dim: |z| = √dim·sin ψ, where ψ has the
 * density (dim − 2)·sin ψ·cos^(dim − 3) ψ. In two dimensions there is one radius.
 */
export function sphericalRadius(dim: number): RadialLaw | undefined {
  if (dim < 3) return undefined
  return {
    pieces: divided([0, Math.PI / 2], 2),
    radius: (angle) => Math.sqrt(dim) * Math.sin(angle),
    density: (angle) => (dim - 2) * Math.sin(angle) * Math.cos(angle) ** (dim - 3),
    bounded: true,
  }
}
