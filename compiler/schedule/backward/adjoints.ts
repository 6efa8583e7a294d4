/** The adjoint of each row operation. */
import type { Attend, Attention, Convolve, Either, RowOperation } from '../../algebra/attention.ts'
import { addEpilogue, tapOfEpilogue, valuesOfEpilogue } from '../epilogue.ts'
import { add, choose, gt, le, load, mul, smaller, sum, x, y, z } from '../equation/build.ts'
import { countRows, entryOf, headAt } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import { writing } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { headsOf } from '../planner.ts'
import type { Planner } from '../planner.ts'
import type { Only, Rounds } from '../schedule.ts'
import { attendRows, placeOf, widthOf } from '../strategies/steps.ts'
import type { Adjoint, Contribution, Entry } from './adjoint.ts'
import { adjointOfAttend } from './attend.ts'
import { adjointOfInverse } from './inverse.ts'
import { adjointOfMeans } from './means.ts'
import { adjointOfProduct } from './product.ts'

/** What the adjoints of all steps share. */
export interface Backward {
  readonly attention: Attention
  readonly planner: Planner
  /** Whether weights get what is theirs. */
  readonly parameters: boolean
  /** Batch items that the steps are for, where the others are computed without them. */
  readonly only?: Only
}

/** What a step sends back of the cotangents of its rows; undefined where it has no adjoint. */
export function adjointOf(
  step: RowOperation,
  cotangent: Entry,
  backward: Backward,
): (Adjoint & { readonly rounds?: readonly Rounds[] }) | undefined {
  switch (step.kind) {
    case 'attend':
      return ofAttend(step, cotangent, backward)
    case 'means':
      return adjointOfMeans(step, cotangent)
    case 'product':
      return within(adjointOfProduct(step, cotangent), backward.only)
    case 'inverse': {
      const inverse = adjointOfInverse(step, cotangent)
      return { ...inverse, ...within(inverse, backward.only) }
    }
    case 'either':
      return ofEither(step, cotangent, backward)
    case 'convolve': {
      const rows = adjointOf(step.rows, cotangent, backward)
      if (rows === undefined) return undefined
      const filter = backward.parameters ? filterOf(step, cotangent) : nothing
      return {
        ...rows,
        passes: [...rows.passes, ...filter.passes],
        buffers: [...rows.buffers, ...filter.buffers],
        contributions: [...rows.contributions, ofFiltered(step, cotangent), ...filter.contributions],
        ...(rows.result && { result: withFiltered(step, rows.result) }),
      }
    }
    case 'filter':
    case 'map':
    case 'accumulate':
    case 'carry':
    case 'recur':
    case 'near':
      return undefined
  }
}

/** What the values of a convolution get; the rows to which it was added get the cotangents as they are. */
const ofFiltered = ({ filter, values }: Convolve, cotangent: Entry): Contribution => ({
  to: values,
  over: 'sliceQueryHead',
  entry: (head, row, column) => valuesOfEpilogue(filter, head, row, (from) => cotangent(head, from, column)),
})

/** An entry of a row, and what the convolution adds to it. */
function withFiltered({ filter: { weight, width }, values }: Convolve, of: Formula): Formula {
  const head = headAt('kvHeads', 'sliceQueryHead', z, { lengths: true })
  const epilogue = { filter: weight, width, values: placeOf(values) }
  return addEpilogue(of, epilogue, head, { row: y, column: x, columns: widthOf(values) })
}

const nothing: Adjoint = { passes: [], buffers: [], contributions: [] }

/** What the filter of a convolution gets, a column of the values at a time, and then of all columns. */
function filterOf({ filter, values }: Convolve, cotangent: Entry): Adjoint {
  const { weight, width } = filter
  const columns = widthOf(values)
  const head = headAt('kvHeads', 'sliceQueryHead', z, { lengths: true })
  const buffer = `${weight}Columns`
  const rows = placeOf(values)
  const value = tapOfEpilogue({ width, count: countRows(rows, head) }, y, (row, from) =>
    mul(cotangent(head, row, x), load(rows.buffer, entryOf(rows, head, from, columns, x))),
  )
  return {
    ...writing(
      {
        name: `${weight}_columns`,
        extent: [columns, width, headsOf('sliceQueryHead')],
        value,
        out: buffer,
        what: `the gradient of each entry of ${weight} from one column of the values`,
      },
      `per query head: [${width} × ${columns}]`,
    ),
    contributions: [
      {
        to: filter,
        over: 'sliceQueryHead',
        entry: ({ at }, _, tap) =>
          sum('t', columns, (t) => load(buffer, add(mul(add(mul(at, width), tap), columns), t))),
      },
    ],
  }
}

function ofAttend(
  step: Attend,
  cotangent: Entry,
  { attention, planner, only }: Backward,
): Adjoint | undefined {
  const { queries, keys, values } = step
  const attend = { ...attendRows(step, { attention }), ...(only && { only }) }
  const adjoint = adjointOfAttend({
    planner,
    attend,
    operands: { queries, keys, ...(values && { values }) },
    cotangent,
  })
  return adjoint && within(adjoint, only)
}

/** Those of both attentions, each for the batch items that it is for. */
function ofEither({ few, many, most }: Either, cotangent: Entry, backward: Backward): Adjoint | undefined {
  const ofFew: Only = { fewer: 'atMost', rows: most }
  const head = headAt('kvHeads', 'sliceQueryHead', z, { lengths: true })
  const one = ofAttend(few, cotangent, { ...backward, only: ofFew })
  const other = ofAttend(many, cotangent, { ...backward, only: { fewer: 'moreThan', rows: most } })
  return (
    one &&
    other && {
      passes: [...one.passes, ...other.passes],
      buffers: [...one.buffers, ...other.buffers],
      contributions: [...one.contributions, ...other.contributions],
      ...(one.result && other.result && { result: choose(isMeant(ofFew, head), one.result, other.result) }),
    }
  )
}

/** An adjoint whose contributions are 0 in batch items that the step is not for: nothing was computed for these. */
function within(adjoint: Adjoint, only: Only | undefined): Adjoint {
  if (only === undefined) return adjoint
  const guarded = ({ entry, ...rest }: Contribution): Contribution => ({
    ...rest,
    entry: (head, row, column) => choose(isMeant(only, head), entry(head, row, column), 0),
  })
  return { ...adjoint, contributions: adjoint.contributions.map(guarded) }
}

function isMeant({ fewer, rows }: Only, head: Head): Formula {
  const least = smaller(head.counted, head.visible)
  return fewer === 'atMost' ? le(least, rows) : gt(least, rows)
}
