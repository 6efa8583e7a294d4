// The weights of an attention, read from outside: with the identity for the values, the result is the weights.

/**
 * @param attention a compiled one, of any mechanism
 * @param rows [length, dim], both the queries and the keys
 * @returns [length, length], row by row
 */
export async function weightsOf(attention, rows, length) {
  const { valueDim } = attention
  // Every batch item has the same rows, and other columns of the identity for its values.
  const batch = Math.ceil(length / valueDim)
  const repeated = new Float32Array(batch * rows.length)
  const values = new Float32Array(batch * length * valueDim)
  for (let item = 0; item < batch; item++) {
    repeated.set(rows, item * rows.length)
    for (let column = 0; column < valueDim; column++) {
      const row = item * valueDim + column
      if (row < length) values[(item * length + row) * valueDim + column] = 1
    }
  }
  const out = await attention.forward({ q: repeated, k: repeated, v: values, length, batch })

  const weights = new Float32Array(length * length)
  for (let item = 0; item < batch; item++)
    for (let row = 0; row < length; row++) {
      const start = (item * length + row) * valueDim
      const columns = Math.min(valueDim, length - item * valueDim)
      weights.set(out.subarray(start, start + columns), row * length + item * valueDim)
    }
  return weights
}

/** How many positions a row may see. */
const seenBy = (row, length, causal) => (causal ? row + 1 : length)

/** Attending alike to every position that a row may see. */
export function uniformWeights(length, causal) {
  return Float32Array.from({ length: length * length }, (_, index) => {
    const [row, column] = [Math.floor(index / length), index % length]
    const seen = seenBy(row, length, causal)
    return column < seen ? 1 / seen : 0
  })
}

/** Weights as multiples of what attending alike to every position would give: rows then compare, however long. */
export function evenShares(weights, length, causal) {
  return weights.map((weight, index) => weight * seenBy(Math.floor(index / length), length, causal))
}

/** ‖estimate − exact‖ / ‖exact‖ */
export function relativeError(estimate, exact) {
  let [difference, norm] = [0, 0]
  exact.forEach((value, index) => {
    difference += (estimate[index] - value) ** 2
    norm += value ** 2
  })
  return Math.sqrt(difference / norm)
}
