/** How far one result is from another, in the two numbers that people compare. */

export interface Difference {
  /** √(Σ (a − b)² / Σ b²): the size of the error against the size of the result. */
  readonly relativeRms: number
  /** The largest |a − b|. */
  readonly maximum: number
}

/** Of `actual` from `expected`; not a number where either has an entry that is none. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  let error = 0
  let size = 0
  let maximum = 0
  for (let index = 0; index < expected.length; index++) {
    const right = expected[index] ?? NaN
    const distance = Math.abs((actual[index] ?? NaN) - right)
    error += distance * distance
    size += right * right
    // Math.max keeps NaN, which a comparison would lose.
    maximum = Math.max(maximum, distance)
  }
  return { relativeRms: error === 0 ? 0 : Math.sqrt(error / size), maximum }
}

export interface Verdict {
  readonly passed: boolean
  readonly words: string
}

/**
 * By storage: up to `rounding` a relative error is what sums of many terms in f32 make of float64's value, and what is
 * lost where a result is stored; beyond `tolerance` a result is wrong, not merely rounded.
 */
const limits = {
  f32: { rounding: 2e-5, tolerance: 1e-3 },
  f16: { rounding: 5e-4, tolerance: 2e-3 },
} as const

/** How tensors are stored. */
export type Storage = keyof typeof limits

export function judge({ relativeRms }: Difference, storage: Storage): Verdict {
  const { rounding, tolerance } = limits[storage]
  if (!Number.isFinite(relativeRms))
    return {
      passed: false,
      words: 'fails: not all of it is finite; tensors of a model may do better (--input)',
    }
  if (relativeRms <= rounding) return { passed: true, words: `passes: as near as ${storage} rounding allows` }
  if (relativeRms <= tolerance) return { passed: true, words: `passes: some digits are lost to ${storage}` }
  return { passed: false, words: `fails: more than ${tolerance} from the reference` }
}
