/** φ of one row as formulas: an expression of a block, for one component. */
import { keyRows, queryRows } from './buffers.ts'
import type { Expression } from '../symbolic/expression.ts'
import { add, choose, load, lt, mul, real, size, termsOf, toReal } from './equation/build.ts'
import { rowOf } from './equation/heads.ts'
import type { Head } from './equation/heads.ts'
import type { Formula } from './equation.ts'
import type { Features, ScheduledBlock } from './schedule.ts'

/** The value of the block that a component belongs to. */
export function ofBlock(
  blocks: readonly ScheduledBlock[],
  component: Formula,
  value: (block: ScheduledBlock) => Formula,
): Formula {
  const [last, ...others] = blocks.toReversed()
  if (last === undefined) return real(0)
  return others.reduce(
    (behind, block) => choose(lt(component, block.start + block.size), value(block), behind),
    value(last),
  )
}

/** A row of one side, with the names that its features may use: position, length, maximum. */
export interface FeatureRow {
  readonly side: Features['side']
  readonly head: Head
  readonly row: Formula
  readonly dim: number
  /** Whether the papers' maxima are subtracted. */
  readonly maxima: boolean
}

/**
 * The values of expressions for one component of φ of a row.
 *
 * @param entry the entry of the row by which a slope is the derivative
 */
export function evaluateRow(
  { side, head, row, dim, maxima }: FeatureRow,
  { projected }: Pick<ScheduledBlock, 'projected'>,
  component: Formula,
  expressions: readonly Expression[],
  entry?: Formula,
): readonly Formula[] {
  const queries = side === 'query'
  const rows = size(queries ? 'length' : 'keyLength')
  const maximum = queries
    ? load('queryMaxima', add(mul(head.at, rows), row))
    : load('headMaxima', head.sliceGroup)
  return termsOf({
    expressions,
    rows: {
      x: { buffer: queries ? 'q' : 'k', start: mul(rowOf(queries ? queryRows : keyRows, head, row), dim) },
      ...(projected ? { w: { buffer: 'w', start: mul(component, dim) } } : {}),
    },
    scalars: {
      position: toReal(add(head.firstPosition, row)),
      length: toReal(queries ? head.counted : head.visible),
      ...(maxima ? { maximum } : {}),
    },
    indexes: { ...(projected ? {} : { component }), ...(entry === undefined ? {} : { entry }) },
  })
}
