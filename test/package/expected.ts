// The two attentions of the package test, as plainly as they can be written: in float64, from the
// definition, sharing nothing with the package.

export interface Inputs {
  readonly heads: number
  readonly length: number
  readonly dim: number
  readonly valueDim: number
  /** [heads, length, dim] */
  readonly q: readonly number[]
  /** [heads, length, dim] */
  readonly k: readonly number[]
  /** [heads, length, valueDim] */
  readonly v: readonly number[]
}

/** Numbers in [-1, 1) that are f32 exactly, so that rounding the inputs is no part of the error. */
export function inputs(shape: Pick<Inputs, 'heads' | 'length' | 'dim' | 'valueDim'>): Inputs {
  let state = 1
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 12) / 2 ** 19 - 1
  }
  const rows = shape.heads * shape.length
  const numbers = (count: number): number[] => Array.from({ length: count }, next)
  return {
    ...shape,
    q: numbers(rows * shape.dim),
    k: numbers(rows * shape.dim),
    v: numbers(rows * shape.valueDim),
  }
}

/** out_i = Σ_{j ≤ i} φ(q_i)·φ(k_j) v_j / Σ_{j ≤ i} φ(q_i)·φ(k_j), φ(x) = elu(x) + 1 */
export function causalLinear(given: Inputs): number[] {
  const feature = (x: number): number => (x > 0 ? x + 1 : Math.exp(x))
  return attend(given, (q, k) => dot(q.map(feature), k.map(feature)), true)
}

/** out_i = Σ_j exp(q_i·k_j / √dim) v_j / Σ_j exp(q_i·k_j / √dim) */
export function softmax(given: Inputs): number[] {
  return attend(given, (q, k) => Math.exp(dot(q, k) / Math.sqrt(q.length)), false)
}

export function largestError(actual: readonly number[], expected: readonly number[]): number {
  const differences = expected.map((value, index) => Math.abs(value - (actual[index] ?? Number.NaN)))
  // A NaN is the largest error there is, and Math.max passes it on.
  return Math.max(...differences)
}

function attend(
  { heads, length, dim, valueDim, q, k, v }: Inputs,
  kernel: (q: number[], k: number[]) => number,
  causal: boolean,
): number[] {
  const row = (from: readonly number[], index: number, width: number): number[] =>
    from.slice(index * width, (index + 1) * width)
  const out: number[] = []
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < length; i++) {
      const sum = new Array<number>(valueDim).fill(0)
      let total = 0
      for (let j = 0; j < (causal ? i + 1 : length); j++) {
        const score = kernel(row(q, head * length + i, dim), row(k, head * length + j, dim))
        total += score
        for (const [d, value] of row(v, head * length + j, valueDim).entries()) sum[d]! += score * value
      }
      out.push(...sum.map((value) => value / total))
    }
  }
  return out
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0)
}
