/** The adjoint of each row operation. */
import type { Attend, Attention, Convolve, Either, RowOperation } from '../../algebra/attention.ts'
import { valuesOfEpilogue } from '../epilogue.ts'
import { choose, gt, le, smaller } from '../equation/build.ts'
import type { Head } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
import type { Planner } from '../planner.ts'
import type { Only, Rounds } from '../schedule.ts'
import { attendRows } from '../strategies/steps.ts'
import type { Adjoint, Contribution, Entry } from './adjoint.ts'
import { adjointOfAttend } from './attend.ts'
import { adjointOfInverse } from './inverse.ts'
import { adjointOfMeans } from './means.ts'
import { adjointOfProduct } from './product.ts'

/** What the adjoints of all steps share. */
export interface Backward {
  readonly attention: Attention
  readonly planner: Planner
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
      return rows && { ...rows, contributions: [...rows.contributions, ofFiltered(step, cotangent)] }
    }
    case 'carry':
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
  const one = ofAttend(few, cotangent, { ...backward, only: { fewer: 'atMost', rows: most } })
  const other = ofAttend(many, cotangent, { ...backward, only: { fewer: 'moreThan', rows: most } })
  return (
    one &&
    other && {
      passes: [...one.passes, ...other.passes],
      buffers: [...one.buffers, ...other.buffers],
      contributions: [...one.contributions, ...other.contributions],
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
