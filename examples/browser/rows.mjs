// Rows to attend with, [length, dim]: a melody that returns, and noise on it, so that there is something to see.

const returns = 4

/** The same numbers in every browser, normal enough for a picture. */
function* noise(seed) {
  let state = seed >>> 0
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  for (;;) yield 2 * (uniform() + uniform() + uniform()) - 3
}

/** @returns Float32Array, each row of a length of about 2 */
export function rowsOf(length, dim, seed) {
  const numbers = noise(seed)
  const next = () => numbers.next().value
  const axes = Array.from({ length: 4 }, () => Float32Array.from({ length: dim }, next))
  const rows = new Float32Array(length * dim)
  let drift = Float32Array.from({ length: dim }, next)
  for (let row = 0; row < length; row++) {
    drift = drift.map((value) => 0.94 * value + 0.34 * next())
    const turn = (2 * Math.PI * returns * row) / length
    const waves = [Math.cos(turn), Math.sin(turn), 0.6 * Math.cos(2 * turn), 0.6 * Math.sin(2 * turn)]
    const values = drift.map(
      (value, column) => 0.55 * value + waves.reduce((sum, wave, n) => sum + wave * axes[n][column], 0),
    )
    const norm = Math.hypot(...values)
    rows.set(
      values.map((value) => (2.3 * value) / norm),
      row * dim,
    )
  }
  return rows
}
