// Plain float64 arithmetic on rows, for transcriptions of published layers that share no code with the compiler.

export type Row = readonly number[]

export const dot = (a: Row, b: Row): number => a.reduce((sum, entry, t) => sum + entry * (b[t] ?? NaN), 0)
export const times = (a: Row, b: Row): number[] => a.map((entry, t) => entry * (b[t] ?? NaN))
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
export const silu = (x: number): number => x * sigmoid(x)
export const softplus = (x: number): number => Math.log1p(Math.exp(x))

/** x · rsqrt(Σ x² + ε) */
export function l2norm(x: Row, epsilon = 1e-6): number[] {
  const norm = Math.sqrt(dot(x, x) + epsilon)
  return x.map((entry) => entry / norm)
}

/** x · rsqrt(mean x² + ε) */
export const rmsnorm = (x: Row): number[] => {
  const root = Math.sqrt(dot(x, x) / x.length + 1e-6)
  return x.map((entry) => entry / root)
}

/** A matrix of zeros, as rows. */
export const zeros = (rows: number, columns: number): number[][] =>
  Array.from({ length: rows }, () => new Array<number>(columns).fill(0))

/** xᵀS */
export const through = (x: Row, state: readonly Row[]): number[] =>
  (state[0] ?? []).map((_, c) => state.reduce((sum, row, f) => sum + (x[f] ?? NaN) * (row[c] ?? NaN), 0))

/** D S + x yᵀ, D one number or one for each row. */
export const updated = (state: readonly Row[], decay: number | Row, x: Row, y: Row): number[][] =>
  state.map((row, f) =>
    row.map(
      (entry, c) =>
        entry * (typeof decay === 'number' ? decay : (decay[f] ?? NaN)) + (x[f] ?? NaN) * (y[c] ?? NaN),
    ),
  )

/** Softmax of the finite scores, as weights. */
export function softmax(scores: Row, sink = -Infinity): number[] {
  const most = Math.max(sink, ...scores)
  const weights = scores.map((score) => Math.exp(score - most))
  const sum = weights.reduce((total, weight) => total + weight, Math.exp(sink - most))
  return weights.map((weight) => weight / sum)
}

/** Half-split rotation of a row at a position, as Hugging Face has it: x·cos + rotate_half(x)·sin. */
export function rotated(x: Row, position: number, theta: number): number[] {
  const half = x.length / 2
  const frequencies = Array.from({ length: half }, (_, t) => 1 / theta ** ((2 * t) / x.length))
  const angles = [...frequencies, ...frequencies].map((frequency) => frequency * position)
  const turned = [...x.slice(half).map((entry) => -entry), ...x.slice(0, half)]
  return x.map((entry, t) => entry * Math.cos(angles[t] ?? 0) + (turned[t] ?? 0) * Math.sin(angles[t] ?? 0))
}
