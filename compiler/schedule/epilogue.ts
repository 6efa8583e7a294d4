/** The epilogue of an attention, a convolution that is added to its quotients: as a formula, its adjoint, cost and text. */
import {
  add,
  all,
  before,
  ge,
  larger,
  load,
  lt,
  mul,
  named,
  over,
  size,
  smaller,
  sub,
  sum,
} from './equation/build.ts'
import { countRows, entryOf } from './equation/heads.ts'
import type { Head } from './equation/heads.ts'
import type { Formula } from './equation.ts'
import type { Epilogue } from './operands.ts'

/** One number of a result of so many columns. */
interface Place {
  readonly row: Formula
  readonly column: Formula
  readonly columns: number
}

/** The quotient of one column with its epilogue, if there is one. */
export function addEpilogue(
  quotient: Formula,
  epilogue: Epilogue | undefined,
  head: Head,
  { row, column, columns }: Place,
): Formula {
  if (epilogue === undefined) return quotient
  const { filter, width, values } = epilogue
  const sum = throughTaps(width, row, countRows(values, head), (tap, from) =>
    mul(
      load(filter, add(mul(head.number, width), tap)),
      load(values.buffer, entryOf(values, head, from, columns, column)),
    ),
  )
  return add(quotient, sum)
}

/** What a value row gets back: the same filter, turned round, over the cotangents of the rows that it reached. */
export const valuesOfEpilogue = (
  { weight, width }: { readonly weight: string; readonly width: number },
  { number }: Head,
  row: Formula,
  cotangent: (row: Formula) => Formula,
): Formula =>
  throughTaps(width, row, size('length'), (tap, from) =>
    mul(load(weight, add(mul(number, width), sub(width - 1, tap))), cotangent(from)),
  )

/** What tap `tap` of the filter gets: Σ over the rows that it took to one of `count` rows of values. */
export function tapOfEpilogue(
  { width, count }: { readonly width: number; readonly count: Formula },
  tap: Formula,
  term: (row: Formula, from: Formula) => Formula,
): Formula {
  const half = (width - 1) / 2
  const first = named('first', sub(larger(tap, half), tap))
  const end = smaller(size('length'), sub(larger(add(count, half), tap), tap))
  return sum('i', before(first, end, size('length')), (i) => {
    const row = named('row', add(first, i))
    return term(row, sub(add(row, tap), half))
  })
}

/** Σ over the taps of a centred filter that meet one of `count` rows, at tap t the row `row` + t − half. */
function throughTaps(
  width: number,
  row: Formula,
  count: Formula,
  term: (tap: Formula, from: Formula) => Formula,
): Formula {
  const half = (width - 1) / 2
  // Counted from `half` rows before the first, to stay above zero.
  const ahead = (tap: Formula): Formula => add(row, tap)
  const [sum] = over(
    't',
    width,
    (tap) => [{ name: 'convolved', operator: 'sum', value: term(tap, sub(ahead(tap), half)) }],
    (tap) => all(ge(ahead(tap), half), lt(ahead(tap), add(count, half))),
  ) as [Formula]
  return sum
}

/** Operations that it takes for each number of the result. */
export const operationsOfEpilogue = (epilogue: Epilogue | undefined): number => 2 * (epilogue?.width ?? 0)

/** In words. */
export const printEpilogue = ({ filter, width, values }: Epilogue): string =>
  `the rows of ${values.buffer} convolved with ${filter}, ${width} wide`

/** The end of a sentence about a result; empty without an epilogue. */
export const andEpilogue = (epilogue: Epilogue | undefined): string =>
  epilogue === undefined ? '' : `, and ${printEpilogue(epilogue)}`
