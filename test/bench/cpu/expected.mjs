// What is expected, in float64 and apart from any compiler: rows of width dim for each head, one head after the other.

/** @typedef {Readonly<Record<'q' | 'k' | 'v', Float32Array>>} Tensors [heads, length, dim] each */
/** @typedef {import('../tensors.mjs').Sizes} Sizes */

/**
 * Exact softmax attention at some rows of every head.
 * @param {Tensors} tensors
 * @param {Sizes} sizes
 * @param {readonly number[]} rows
 * @param {boolean} causal
 */
export function exact({ q, k, v }, { heads, length, dim }, rows, causal) {
  const out = new Float64Array(heads * rows.length * dim)
  for (let head = 0; head < heads; head++)
    for (const [place, row] of rows.entries()) {
      const query = (head * length + row) * dim
      const seen = causal ? row + 1 : length
      const scores = Float64Array.from({ length: seen }, (_, key) => {
        let score = 0
        for (let entry = 0; entry < dim; entry++)
          score += at(q, query + entry) * at(k, (head * length + key) * dim + entry)
        return score / Math.sqrt(dim)
      })
      const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity)
      const weights = scores.map((score) => Math.exp(score - largest))
      const sum = weights.reduce((total, weight) => total + weight, 0)
      const start = (head * rows.length + place) * dim
      for (const [key, weight] of weights.entries())
        for (let column = 0; column < dim; column++)
          out[start + column] =
            at(out, start + column) + (weight / sum) * at(v, (head * length + key) * dim + column)
    }
  return out
}

/**
 * Causal attention through features: Σ_{j ≤ i} (φ(q_i)·φ(k_j)) v_j, over the sum of its weights or as it is.
 * @param {Tensors} tensors
 * @param {Sizes} sizes
 * @param {readonly number[]} rows
 * @param {(x: Float32Array) => Float64Array} feature of a row
 * @param {boolean} divided
 */
export function throughFeatures({ q, k, v }, { heads, length, dim }, rows, feature, divided) {
  const wanted = new Map(rows.map((row, place) => [row, place]))
  const out = new Float64Array(heads * rows.length * dim)
  for (let head = 0; head < heads; head++) {
    /** @type {Float64Array | undefined} [features, dim + 1]: sums of φ(k) vᵀ, and of φ(k) */
    let state
    for (let row = 0; row < length; row++) {
      const start = (head * length + row) * dim
      const phi = feature(k.subarray(start, start + dim))
      state ??= new Float64Array(phi.length * (dim + 1))
      for (const [index, weight] of phi.entries()) {
        const cell = index * (dim + 1)
        for (let column = 0; column < dim; column++)
          state[cell + column] = at(state, cell + column) + weight * at(v, start + column)
        state[cell + dim] = at(state, cell + dim) + weight
      }
      const place = wanted.get(row)
      if (place === undefined) continue
      const sums = new Float64Array(dim + 1)
      for (const [index, weight] of feature(q.subarray(start, start + dim)).entries())
        for (let column = 0; column <= dim; column++)
          sums[column] = at(sums, column) + weight * at(state, index * (dim + 1) + column)
      const whole = divided ? at(sums, dim) : 1
      for (let column = 0; column < dim; column++)
        out[(head * rows.length + place) * dim + column] = at(sums, column) / whole
    }
  }
  return out
}

/**
 * @param {ArrayLike<number>} numbers
 * @param {number} index
 */
const at = (numbers, index) => numbers[index] ?? NaN
