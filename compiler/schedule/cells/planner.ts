/** Plans for devices that have neither workgroup memory nor scatter: every row operation in equations. */
import { scratch } from '../equation/plan.ts'
import { headsOf } from '../planner.ts'
import type { Either, Plan, Planner } from '../planner.ts'
import { append, attend, kernelTerm, sums } from './exact.ts'
import { scheduleFactorised } from './factorised.ts'
import { fewRowsPass } from './few-rows.ts'
import { productPass } from './product.ts'

/**
 * The planner of targets that compute cell by cell. Query rows stand apart, so that a call may run in blocks of rows,
 * with the weights of one block in memory.
 */
export const cellPlanner: Planner = {
  attend,
  sums,
  attendEither,
  product: productPass,
  append,
  factorised: scheduleFactorised,
  rowsApart: true,
}

/** Without scatter no cell stays as it was: the last pass copies the result of the first, or computes its own. */
function attendEither({ many, few, most }: Either): Plan {
  const { epilogue, ...plain } = many
  const approximate = 'approximate'
  const first = attend({ ...plain, out: { ...many.out, buffer: approximate } })
  const { attention } = few
  return {
    passes: [
      ...first.passes,
      fewRowsPass({
        attention,
        kernel: kernelTerm(attention, few.kernel),
        most,
        otherwise: approximate,
        ...(epilogue && { epilogue }),
      }),
    ],
    buffers: [
      ...first.buffers,
      scratch(
        approximate,
        [many.columns, 'length', headsOf('sliceQueryHead')],
        `per query head and row: [${many.columns}]`,
      ),
    ],
  }
}
