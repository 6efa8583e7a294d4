/** Rows of extended-range numbers, and their inner product. */
import { LARGEST, SMALLEST, add, extended, multiply, zero } from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'

/** A row over its own largest log: entry t is `values[t] · exp(peak)`. */
interface Aligned {
  readonly values: Float64Array
  readonly peak: number
  /** No entry came so near to underflow that a product with another aligned row could lose it. */
  readonly narrow: boolean
}

/** Entries of two aligned narrow rows multiply to at least the square of this. */
const NARROW = 1e-140

export class Vector {
  readonly mantissa: Float64Array
  /** Absent where every entry is a plain number. */
  readonly log: Float64Array | undefined
  #aligned: Aligned | undefined

  private constructor(mantissa: Float64Array, log: Float64Array | undefined) {
    this.mantissa = mantissa
    this.log = log
  }

  static ofNumbers(numbers: ArrayLike<number>): Vector {
    return new Vector(Float64Array.from(numbers), undefined)
  }

  static from(size: number, entry: (index: number) => Extended): Vector {
    const mantissa = new Float64Array(size)
    const log = new Float64Array(size)
    let plain = true
    for (let index = 0; index < size; index++) {
      const value = entry(index)
      mantissa[index] = value.mantissa
      log[index] = value.log
      plain &&= value.log === 0
    }
    return new Vector(mantissa, plain ? undefined : log)
  }

  get size(): number {
    return this.mantissa.length
  }

  at(index: number): Extended {
    return { mantissa: this.mantissa[index] ?? Number.NaN, log: this.log?.[index] ?? 0 }
  }

  /** Entries too small beside the largest to be a double become 0. */
  get aligned(): Aligned {
    this.#aligned ??= this.log === undefined ? plainly(this.mantissa) : align(this.mantissa, this.log)
    return this.#aligned
  }
}

const plainly = (values: Float64Array): Aligned => ({ values, peak: 0, narrow: true })

/** What is further below the peak is 0 beside it, whatever the mantissas. */
const FURTHEST = 800

function align(mantissa: Float64Array, log: Float64Array): Aligned {
  let peak = -Infinity
  for (const [index, entry] of mantissa.entries())
    if (entry !== 0) peak = Math.max(peak, log[index] ?? Number.NaN)
  if (!Number.isFinite(peak)) return plainly(mantissa)
  const values = new Float64Array(mantissa.length)
  let narrow = true
  for (const [index, entry] of mantissa.entries()) {
    if (entry === 0) continue
    const gap = (log[index] ?? Number.NaN) - peak
    const value = gap < -FURTHEST ? 0 : entry * Math.exp(gap)
    values[index] = value
    narrow &&= Math.abs(value) >= NARROW
  }
  return { values, peak, narrow }
}

/** a ∘ b */
export const entryByEntry = (a: Vector, b: Vector): Vector =>
  Vector.from(a.size, (t) => multiply(a.at(t), b.at(t)))

/** Σ a_t·b_t, none of whose terms is lost however far apart their exponents are. */
export function dot(a: Vector, b: Vector): Extended {
  const [left, right] = [a.aligned, b.aligned]
  return left.narrow && right.narrow
    ? extended(plainDot(left.values, right.values), left.peak + right.peak)
    : wideDot(a, b)
}

function plainDot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += (a[index] ?? 0) * (b[index] ?? 0)
  return sum
}

/** Aligned to the largest term so far, instead of the largest entries, which may lie in different places. */
function wideDot(a: Vector, b: Vector): Extended {
  let sum = 0
  let peak = -Infinity
  for (let index = 0; index < a.size; index++) {
    let term = (a.mantissa[index] ?? 0) * (b.mantissa[index] ?? 0)
    if (term === 0) continue
    let log = (a.log?.[index] ?? 0) + (b.log?.[index] ?? 0)
    if (Math.abs(term) > LARGEST || Math.abs(term) < SMALLEST) ({ mantissa: term, log } = extended(term, log))
    if (log > peak) {
      sum = sum * Math.exp(peak - log) + term
      peak = log
    } else if (log - peak > -FURTHEST) sum += term * Math.exp(log - peak)
  }
  return sum === 0 ? zero : extended(sum, peak)
}

export function total(row: Vector): Extended {
  let sum = zero
  for (let index = 0; index < row.size; index++) sum = add(sum, row.at(index))
  return sum
}
