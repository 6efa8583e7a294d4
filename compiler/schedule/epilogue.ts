/** The epilogue of an attention, a convolution that is added to its quotients: as a formula, its cost and its text. */
import { add, all, ge, load, lt, mul, over, sub } from './equation/build.ts'
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
  const half = (width - 1) / 2
  // Counted from `half` rows before the first, to stay above zero.
  const ahead = (t: Formula): Formula => add(row, t)
  const [sum] = over(
    't',
    width,
    (t) => [
      {
        name: 'convolved',
        operator: 'sum',
        value: mul(
          load(filter, add(mul(head.number, width), t)),
          load(values.buffer, entryOf(values, head, sub(ahead(t), half), columns, column)),
        ),
      },
    ],
    (t) => all(ge(ahead(t), half), lt(ahead(t), add(countRows(values, head), half))),
  ) as [Formula]
  return add(quotient, sum)
}

/** Operations that it takes for each number of the result. */
export const operationsOfEpilogue = (epilogue: Epilogue | undefined): number => 2 * (epilogue?.width ?? 0)

/** In words. */
export const printEpilogue = ({ filter, width, values }: Epilogue): string =>
  `the rows of ${values.buffer} convolved with ${filter}, ${width} wide`

/** The end of a sentence about a result; empty without an epilogue. */
export const andEpilogue = (epilogue: Epilogue | undefined): string =>
  epilogue === undefined ? '' : `, and ${printEpilogue(epilogue)}`
