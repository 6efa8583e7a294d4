/** The kernels compute what the file says: the device against float64. */
import { counted } from '../../diagnostics/counted.ts'
import * as fc from 'fast-check'
import { cases, type Case, describeCase, longestOf } from '../cases/case.ts'
import { differenceFrom } from './expected.ts'
import { smallText, whereIs } from './difference.ts'
import { callFor, executorOf, type Property } from './property.ts'
import { tryCases } from './try-cases.ts'

export const referenceProperty: Property = {
  name: 'reference',
  onDevice: true,
  inapplicable: ({ platform }) =>
    platform.backend === 'reference' ? 'this backend is the float64 reference itself' : undefined,
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    let worst = 0
    return tryCases<{ readonly shape: Case; readonly draw: number }>(
      {
        cases: fc.record({
          shape: cases({ heads: subject.heads, rows: subject.rows, longest: longestOf(subject.model) }),
          draw: fc.nat({ max: 3 }),
        }),
        describe: ({ shape }) => describeCase(shape),
        held: (count) =>
          `${counted(count, 'shape agrees', 'shapes agree')} with float64; the largest error is ${smallText(worst)} of the largest value`,
        attempt: async ({ shape, draw }) => {
          const call = callFor(subject, shape)
          if (draw > 0 && executor.projection !== undefined) executor.redraw(draw)
          const out = await executor.forward(call)
          const { difference, error, table } = differenceFrom(subject, call, out, executor.projection)
          worst = Math.max(worst, error)
          if (difference === undefined) return undefined
          return {
            what: `${whereIs(difference, call)}: the kernels give ${difference.found} where float64 gives ${difference.expected}; rounding explains ${smallText(difference.allowed)}`,
            table,
          }
        },
      },
      effort,
    )
  },
}
