/** Rows of extended-range numbers, and their inner product. */
import { add, extended, zero } from './extended.ts'
import type { Extended } from './extended.ts'

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

function align(mantissa: Float64Array, log: Float64Array): Aligned {
  const peak = log.reduce(
    (peak, entry, index) => (mantissa[index] === 0 ? peak : Math.max(peak, entry)),
    -Infinity,
  )
  if (!Number.isFinite(peak)) return plainly(mantissa)
  const values = mantissa.map((entry, index) =>
    entry === 0 ? 0 : entry * Math.exp((log[index] ?? 0) - peak),
  )
  const narrow = values.every((value, index) => Math.abs(value) >= NARROW || mantissa[index] === 0)
  return { values, peak, narrow }
}

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

/** Aligned to the largest term instead of the largest entries, which may lie in different places. */
function wideDot(a: Vector, b: Vector): Extended {
  const log = (index: number): number => (a.log?.[index] ?? 0) + (b.log?.[index] ?? 0)
  const product = (index: number): number => (a.mantissa[index] ?? 0) * (b.mantissa[index] ?? 0)
  let peak = -Infinity
  for (let index = 0; index < a.size; index++) if (product(index) !== 0) peak = Math.max(peak, log(index))
  if (peak === -Infinity) return zero
  let sum = 0
  for (let index = 0; index < a.size; index++) {
    const term = product(index)
    if (term !== 0) sum += term * Math.exp(log(index) - peak)
  }
  return extended(sum, peak)
}

export function total(row: Vector): Extended {
  let sum = zero
  for (let index = 0; index < row.size; index++) sum = add(sum, row.at(index))
  return sum
}
