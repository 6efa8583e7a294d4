/**
 * The state that a factorised attention carries over keys, as one algebraic
 * object. For feature f it holds
 *
 *     S_f = Σ_j c_jf·exp(e_jf)·v_j        z_f = Σ_j c_jf·exp(e_jf)
 *
 * over the keys absorbed so far, where φ_f(k_j) = c_jf·exp(e_jf) is a feature as
 * `exponent.ts` splits it. Neither sum need be representable, so both are held
 * over exp(scale_f), with scale_f the largest exponent among the terms that are
 * not 0, and −∞ while there is none.
 *
 * Laws, exact up to rounding:
 *
 *     combine(empty, a) = a = combine(a, empty)
 *     combine(combine(a, b), c) = combine(a, combine(b, c))
 *     combine(a, b) = combine(b, a)
 *     act(0, a) = a
 *     act(n, act(m, a)) = act(m + n, a)
 *     act(n, combine(a, b)) = combine(act(n, a), act(n, b))
 *
 * Keys absorbed one by one, chunk by chunk or in a tree therefore give one
 * result: the recurrent, the chunked and the parallel form of an attention are
 * ways of bracketing the same product. Where rows act on the state (`action.ts`),
 * a stretch of keys is the pair (n, a) of what its rows do and its own state, and
 * (m, a)·(n, b) = (m + n, combine(act(n, a), b)) is associative.
 */
export interface State {
  readonly features: number
  /** Entries of a value row. */
  readonly width: number
  /** One per feature: the natural logarithm of the factor of `sums` and `weights`. */
  readonly scale: Float64Array
  /** S, [features, width]. */
  readonly sums: Float64Array
  /** z, [features]. */
  readonly weights: Float64Array
}

/** φ of a row: feature f is coefficient[f]·exp(exponent[f]). */
export interface FeatureRow {
  readonly coefficient: Float64Array
  readonly exponent: Float64Array
}

/** Numerator and denominator of one output row, both to be multiplied by exp(scale). */
export interface Reading {
  readonly numerator: Float64Array
  readonly denominator: number
  readonly scale: number
}

/** The identity of `combine`. */
export function empty(features: number, width: number): State {
  return {
    features,
    width,
    scale: new Float64Array(features).fill(-Infinity),
    sums: new Float64Array(features * width),
    weights: new Float64Array(features),
  }
}

/** The state of one key and its value. */
export function token({ coefficient, exponent }: FeatureRow, value: Float64Array): State {
  const features = coefficient.length
  const width = value.length
  return {
    features,
    width,
    // A term that is 0 must not raise the scale: it would drown the others for nothing.
    scale: exponent.map((scale, f) => (coefficient[f] === 0 ? -Infinity : scale)),
    sums: filled(features, width, (f, column) => times(coefficient[f], value[column])),
    weights: Float64Array.from(coefficient),
  }
}

/** Both sums over the larger of the two scales, feature by feature. */
export function combine(a: State, b: State): State {
  const scale = a.scale.map((left, f) => Math.max(left, b.scale[f] ?? -Infinity))
  const shareOf = ({ scale: own }: State): Float64Array => own.map((from, f) => ratio(from, scale[f]))
  const left = shareOf(a)
  const right = shareOf(b)
  const { features, width } = a
  return {
    features,
    width,
    scale,
    sums: filled(features, width, (f, column) => {
      const n = f * width + column
      return times(a.sums[n], left[f]) + times(b.sums[n], right[f])
    }),
    weights: a.weights.map((weight, f) => times(weight, left[f]) + times(b.weights[f], right[f])),
  }
}

/** The state after rows that multiply everything in it by exp(`logFactor`). */
export const act = (logFactor: number, state: State): State => ({
  ...state,
  scale: state.scale.map((scale) => scale + logFactor),
})

/** φ(q)·S and φ(q)·z. */
export function read(state: State, { coefficient, exponent }: FeatureRow): Reading {
  const scales = state.scale.map((scale, f) =>
    coefficient[f] === 0 ? -Infinity : scale + (exponent[f] ?? 0),
  )
  const largest = scales.reduce((a, b) => Math.max(a, b), -Infinity)
  const numerator = new Float64Array(state.width)
  let denominator = 0
  scales.forEach((scale, f) => {
    const weight = times(coefficient[f], ratio(scale, largest))
    denominator += times(weight, state.weights[f])
    numerator.forEach((sum, column) => {
      numerator[column] = sum + times(weight, state.sums[f * state.width + column])
    })
  })
  return { numerator, denominator, scale: largest }
}

/** S by its entries; there are many, and a state is made for each key. */
function filled(features: number, width: number, entry: (f: number, column: number) => number): Float64Array {
  const sums = new Float64Array(features * width)
  for (let f = 0; f < features; f++)
    for (let column = 0; column < width; column++) sums[f * width + column] = entry(f, column)
  return sums
}

/** exp(from − to) for from ≤ to, where nothing at all counts as 1 beside nothing at all. */
const ratio = (from: number, to = -Infinity): number => (from === to ? 1 : Math.exp(from - to))

/** Shapes agree by construction; a hole would be a NaN in the result. */
const times = (a = Number.NaN, b = Number.NaN): number => a * b
