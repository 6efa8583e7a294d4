// Sequences to copy: a separator, symbols, a separator, the same symbols (Katharopoulos et al. 2020, section 4.1).

const symbols = 10
const separator = symbols + 1
/** Symbols, the separator, and 0 behind the end of a sequence. */
export const words = symbols + 2

/** Uniform in [0, 1), the same on every machine (Numerical Recipes' generator of 32 bits). */
export function uniforms(seed) {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Normals by Box and Muller. */
export function normals(seed) {
  const uniform = uniforms(seed)
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}

/**
 * @returns one-hot `tokens` and `next` [batch, length, words], and `counts` [batch, length], 1 where the next word is
 *   one of the copy
 */
export function sequences(uniform, { batch, length }) {
  const tokens = new Float32Array(batch * length * words)
  const next = new Float32Array(batch * length * words)
  const counts = new Float32Array(batch * length)
  for (let item = 0; item < batch; item++) {
    const many = 1 + Math.floor(uniform() * (length / 2 - 1))
    const copied = Array.from({ length: many }, () => 1 + Math.floor(uniform() * symbols))
    const sequence = [separator, ...copied, separator, ...copied]
    for (let place = 0; place < length; place++) {
      const row = item * length + place
      tokens[row * words + (sequence[place] ?? 0)] = 1
      next[row * words + (sequence[place + 1] ?? 0)] = 1
      counts[row] = place > many && place + 1 < sequence.length ? 1 : 0
    }
  }
  return { tokens, next, counts }
}
