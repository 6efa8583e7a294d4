// The tensors of one call, the same for the same sizes, in the layouts of both contestants.

/**
 * @typedef {object} Sizes
 * @property {number} heads
 * @property {number} length rows per head
 * @property {number} dim numbers in a row
 */

/**
 * Independent standard normal numbers.
 * @param {number} count
 * @param {number} seed
 */
export function normals(count, seed) {
  const uniform = generator(seed)
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  )
}

/**
 * Numbers in [0, 1) from a 32-bit counter, mixed by multiplications and shifts.
 * @param {number} seed
 */
function generator(seed) {
  let counter = Math.imul(seed, 0x9e3779b1) >>> 0
  return () => {
    counter = (counter + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(counter ^ (counter >>> 15), counter | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * [heads, length, dim] to [length, heads, dim], the packed layout of ONNX Runtime.
 * @param {Float32Array} tensor
 * @param {Sizes} sizes
 */
export function packed(tensor, { heads, length, dim }) {
  const result = new Float32Array(tensor.length)
  for (let head = 0; head < heads; head++)
    for (let row = 0; row < length; row++) {
      const from = (head * length + row) * dim
      result.set(tensor.subarray(from, from + dim), (row * heads + head) * dim)
    }
  return result
}
