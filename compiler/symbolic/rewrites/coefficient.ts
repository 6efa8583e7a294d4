/**
 * Constant factors as exact ratios. A division by an integer stays a division:
 * `floor(i / 3)` must not become `floor(i * 0.333…)`, which is one less at some
 * multiples of 3. Ratios of other numbers, and by powers of two, are one number.
 */
export interface Coefficient {
  readonly over: number
  /** 1, or an integer above 1 that is no power of two. */
  readonly under: number
}

/** The coefficient of a factor without one. */
export const one: Coefficient = { over: 1, under: 1 }
/** A number as a ratio. */
export const coefficient = (value: number): Coefficient => ({ over: value, under: 1 })
/** A ratio as a number. */
export const valueOf = ({ over, under }: Coefficient): number => over / under

/** a · over/under. */
export function timesRatio(a: Coefficient, over: number, under: number): Coefficient {
  return reduced(a.over * over, a.under * under)
}

/** a + b. */
export function plus(a: Coefficient, b: Coefficient): Coefficient {
  if (a.under === b.under) return reduced(a.over + b.over, a.under)
  return reduced(a.over * b.under + b.over * a.under, a.under * b.under)
}

function reduced(over: number, under: number): Coefficient {
  if (under < 0) return reduced(-over, -under)
  if (!Number.isSafeInteger(under) || !Number.isSafeInteger(over)) return coefficient(over / under)
  const shared = greatestCommonDivisor(Math.abs(over), under)
  const rest = under / shared
  return Number.isInteger(Math.log2(rest)) ? coefficient(over / under) : { over: over / shared, under: rest }
}

function greatestCommonDivisor(a: number, b: number): number {
  return a === 0 ? b : greatestCommonDivisor(b % a, a)
}
