/**
 * Parts of a row's sums put together: over several stretches of keys, or several
 * rounds of a hash. Each part has numerators, a denominator and, where sums are
 * scaled, its own base-2 log-scale; all are brought to the largest.
 */
import type { Size } from '../../runtime/contract/size.ts'
import type { Division } from '../algebra/attention.ts'
import {
  add,
  choose,
  inverse,
  largest,
  load,
  mul,
  named,
  over,
  powerOfTwo,
  real,
  size,
  smaller,
  sub,
  x,
  y,
  z,
} from './equation/build.ts'
import { largestExponent } from '../symbolic/single.ts'
import { binaryDenominator } from './division.ts'
import { equationPass } from './equation/plan.ts'
import type { EquationPass, Formula } from './equation.ts'

/** Numbers of a part of one row: numerators, denominator, and a log-scale where sums are scaled. */
export const numbersOfPart = (valueDim: number, scaled: boolean): number => valueDim + (scaled ? 2 : 1)

/** How the parts of rows lie: per query head of the slice, part and row. */
export interface Parts {
  readonly buffer: string
  /** Parts of a row. */
  readonly count: Size
  /** Rows of a query head. */
  readonly rows: Size
  readonly valueDim: number
  readonly scaled: boolean
}

/** The sum over the denominator, or the sum itself, both over 2^scale. */
function quotient(
  sum: Formula,
  total: Formula,
  { division, beside }: { readonly division: Division; readonly beside?: Formula | undefined },
  scale: Formula | undefined,
): Formula {
  if (division.kind !== 'none') return mul(sum, inverse(binaryDenominator(total, division, scale, beside)))
  return scale === undefined ? sum : mul(sum, powerOfTwo(smaller(scale, largestExponent)))
}

/** out[row, column] = Σ_part numerator / Σ_part denominator, over the scale of the largest part. */
export function mergePass(from: {
  readonly name: string
  readonly parts: Parts
  readonly heads: Size
  readonly division: Division
  /** The natural logarithm of what a row's denominator has beside its parts. */
  readonly beside?: Formula | undefined
  /** Rows that have parts; others are zero. */
  readonly where?: Formula
  readonly out: string
  /** Index in `out` of the row of the cell, in rows. */
  readonly rowOfOut: Formula
  readonly what: string
}): EquationPass {
  const { parts } = from
  const { buffer, count, rows, valueDim, scaled } = parts
  const start = (part: Formula): Formula =>
    mul(add(mul(add(mul(z, size(count)), part), size(rows)), y), numbersOfPart(valueDim, scaled))
  const scaleOf = (part: Formula): Formula => load(buffer, add(start(part), valueDim + 1))
  const scale = scaled ? largest('part', size(count), scaleOf) : undefined
  const [sum, total] = over('part', size(count), (part) => {
    const weight = scale === undefined ? real(1) : named('weight', powerOfTwo(sub(scaleOf(part), scale)))
    const weighed = (at: Formula): Formula => mul(load(buffer, at), weight)
    return [
      { name: 'sum', operator: 'sum', value: weighed(add(start(part), x)) },
      { name: 'total', operator: 'sum', value: weighed(add(start(part), valueDim)) },
    ]
  }) as [Formula, Formula]
  return equationPass({
    name: from.name,
    extent: [valueDim, rows, from.heads],
    value: choose(from.where, quotient(sum, total, from, scale), 0),
    out: from.out,
    place: add(mul(from.rowOfOut, valueDim), x),
    what: from.what,
  })
}
