// Normal numbers that are the same on every machine.

/**
 * @param {number} count
 * @param {number} seed from 1
 */
export function normals(count, seed) {
  let state = Math.imul(seed, 2_654_435_761) >>> 0
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  )
}
