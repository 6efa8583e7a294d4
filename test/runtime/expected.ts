// The same in float64 on the host.

export interface Call {
  readonly q: Float32Array
  readonly k: Float32Array
  readonly v: Float32Array
  readonly batch: number
  readonly heads: number
  readonly kvHeads: number
  readonly length: number
  readonly keyLength: number
}

/** Numbers in [−1, 1) from a seed. */
export function numbers(count: number, seed: number): Float32Array {
  let state = seed >>> 0
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

export function randomCall(
  sizes: Partial<Omit<Call, 'q' | 'k' | 'v'>>,
  dim: number,
  valueDim: number,
  seed = 1,
): Call {
  const { batch = 1, heads = 1, kvHeads = heads, length = 1, keyLength = length } = sizes
  return {
    q: numbers(batch * heads * length * dim, seed),
    k: numbers(batch * kvHeads * keyLength * dim, seed + 1),
    v: numbers(batch * kvHeads * keyLength * valueDim, seed + 2),
    batch,
    heads,
    kvHeads,
    length,
    keyLength,
  }
}

/** Softmax attention, unscaled; rows without keys are zero. */
export function softmaxAttention(
  call: Call,
  dim: number,
  valueDim: number,
  lengths?: readonly number[],
): Float64Array {
  const { q, k, v, batch, heads, kvHeads, length, keyLength } = call
  const out = new Float64Array(batch * heads * length * valueDim)
  for (let row = 0; row < batch * heads * length; row++) {
    const head = Math.floor(row / length)
    const group = Math.floor((head * kvHeads) / heads)
    const keys = lengths?.[Math.floor(head / heads)] ?? keyLength
    const weights = Array.from({ length: keys }, (_, j) => {
      let score = 0
      for (let d = 0; d < dim; d++) score += q[row * dim + d]! * k[(group * keyLength + j) * dim + d]!
      return Math.exp(score)
    })
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    for (let e = 0; e < valueDim; e++)
      weights.forEach((weight, j) => {
        out[row * valueDim + e]! += (weight / total) * v[(group * keyLength + j) * valueDim + e]!
      })
  }
  return out
}

export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity
  let most = 0
  for (let index = 0; index < expected.length; index++) {
    const difference = Math.abs(actual[index]! - expected[index]!)
    most = difference <= most ? most : difference
  }
  return most
}
