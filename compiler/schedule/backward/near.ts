/**
 * Gradients of attention among rows that a hash brings together. The order of each round is a constant, and so is what
 * a row weighs for itself. With w_ij the weight of a pair of places in one round over the row's denominator in all of
 * them, g_i the cotangent of a row and o_i its result,
 *
 *     dv_j = Σ_i w_ij g_i          c_ij = (g_i · v_j − g_i · o_i) / D_i
 *     dq_i = Σ_j c_ij ∂κ/∂q_i      du_j = Σ_i c_ij ∂κ/∂u_j,   u_j = q_j / |q_j| being the key of a row
 *
 * and what du_j has across u_j, over the norm, is row j's as well. A place meets two chunks of the order, so that pairs
 * are kept: their number grows with the length.
 */
import type { Attention, Near } from '../../algebra/attention.ts'
import { dataBuffers, queryRows } from '../buffers.ts'
import { binaryDenominator } from '../division.ts'
import {
  add,
  choose,
  eq,
  inverse,
  largest,
  load,
  lt,
  mul,
  named,
  powerOfTwo,
  size,
  sub,
  sum,
  x,
  y,
  z,
} from '../equation/build.ts'
import { entryOf } from '../equation/heads.ts'
import { scratch, writing } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { numbersOfPart } from '../merge.ts'
import type { Plan } from '../planner.ts'
import type { Schedule } from '../schedule.ts'
import { combinePass, partsOfRounds } from '../strategies/near.ts'
import { withUnscaledRows } from './attend.ts'
import { gradientBuffers } from './buffers.ts'
import { gradientPass } from './gather.ts'
import { pairPasses } from './near-pairs.ts'
import { countOf, countRows, factors, headOfRows, ofRows } from './near-plan.ts'
import type { NearPlan } from './near-plan.ts'

const length = size('length')

/** Schedules the gradients of q and v, for targets whose kernels scatter; k is not read, and has zeros. */
export function backwardNear(attention: Attention, step: Near): Schedule {
  const parts = partsOfRounds(attention, step)
  const plan: NearPlan = { attention, step, kernel: withUnscaledRows(step.kernel, attention.scale) }
  const plans: readonly Plan[] = [
    countRows(),
    unitRows(plan),
    resultRows(plan),
    rowFactors(plan),
    pairPasses(plan),
    keyGradients(plan),
    ...gradients(plan),
  ]
  return {
    ...parts,
    buffers: [
      ...dataBuffers(attention).filter(({ name }) => name !== 'k' && name !== 'out'),
      ...gradientBuffers(attention),
      ...parts.buffers,
      ...plans.flatMap(({ buffers }) => buffers),
    ],
    passes: [...parts.passes, ...plans.flatMap(({ passes }) => passes)],
  }
}

/** Index of a row in buffers of so many numbers a row, [heads, L, …]. */
const inRows = (width: number, row: Formula, head: Formula = z): Formula =>
  mul(add(mul(head, length), row), width)

/** Of rows that count; 0 for others. */
const counted = (value: Formula): Formula => choose(lt(y, countOf(headOfRows())), value, 0)

function unitRows({ attention: { dim } }: NearPlan): Plan {
  return writing(
    {
      name: 'unit_rows',
      extent: ofRows(dim),
      value: counted(
        mul(load('q', entryOf(queryRows, headOfRows(), y, dim, x)), load('inverseNorms', inRows(1, y))),
      ),
      out: 'unitRows',
      what: 'the key of each row, which is the row over its norm',
    },
    `per query head and row: [${dim}]`,
  )
}

function resultRows({ attention, step }: NearPlan): Plan {
  const { valueDim } = attention
  return {
    passes: [combinePass(attention, step, inRows(1, y))],
    buffers: [scratch('out', ofRows(valueDim), `per query head and row: [${valueDim}]`)],
  }
}

/** The log-scale of each row over all rounds, in base 2, 1 over its denominator, and the latter's cotangent g_i · o_i. */
function rowFactors({ attention: { valueDim, division }, step: { rounds } }: NearPlan): Plan {
  const numbers = numbersOfPart(valueDim, true)
  const part = (round: Formula, number: number): Formula =>
    load('parts', add(mul(add(mul(add(mul(z, rounds), round), length), y), numbers), number))
  const scale = named(
    'scale',
    largest('round', rounds, (round) => part(round, valueDim + 1)),
  )
  const total = sum('round', rounds, (round) =>
    mul(part(round, valueDim), powerOfTwo(sub(part(round, valueDim + 1), scale))),
  )
  const given = (column: Formula): Formula =>
    load('dout', entryOf({ ...queryRows, buffer: 'dout' }, headOfRows(), y, valueDim, column))
  const along = sum('t', valueDim, (t) => mul(given(t), load('out', add(inRows(valueDim, y), t))))
  const factor = inverse(binaryDenominator(total, division, scale))
  return writing(
    {
      name: 'row_factors',
      extent: ofRows(factors),
      value: counted(choose(eq(x, 0), scale, choose(eq(x, 1), factor, along))),
      out: 'rowFactors',
      what: 'the log-scale of each row over all rounds, 1 over its denominator, and its gradient along its result',
    },
    `per query head and row: [${factors}]`,
  )
}

/** Σ over the rounds of a number that they leave of a row. */
const overRounds = (
  { step: { rounds } }: NearPlan,
  buffer: string,
  width: number,
  { head, row, column }: { readonly head: Formula; readonly row: Formula; readonly column: Formula },
): Formula =>
  sum('round', rounds, (round) =>
    load(buffer, add(inRows(width, row, add(mul(head, rounds), round)), column)),
  )

function keyGradients(plan: NearPlan): Plan {
  const { dim } = plan.attention
  return writing(
    {
      name: 'unit_row_gradients',
      extent: ofRows(dim),
      value: counted(overRounds(plan, 'nearKeySlopes', dim, { head: z, row: y, column: x })),
      out: 'unitRowGradients',
      what: 'the gradient of the key of each row',
    },
    `per query head and row: [${dim}]`,
  )
}

function gradients(plan: NearPlan): readonly Plan[] {
  const { attention } = plan
  const { dim, valueDim } = attention
  const ofUnit = (head: Formula, row: Formula, column: Formula): Formula => {
    const at = (buffer: string, entry: Formula): Formula => load(buffer, add(inRows(dim, row, head), entry))
    const along = sum('t', dim, (t) => mul(at('unitRows', t), at('unitRowGradients', t)))
    return mul(
      sub(at('unitRowGradients', column), mul(at('unitRows', column), along)),
      load('inverseNorms', inRows(1, row, head)),
    )
  }
  return [
    gradientPass(attention, 'k', []),
    gradientPass(attention, 'q', [
      {
        to: { kind: 'call', of: 'q', width: dim },
        over: 'sliceQueryHead',
        entry: (head, row, column) =>
          choose(
            lt(row, countOf(head)),
            add(
              overRounds(plan, 'nearQuerySlopes', dim, { head: head.at, row, column }),
              ofUnit(head.at, row, column),
            ),
            0,
          ),
      },
    ]),
    gradientPass(attention, 'v', [
      {
        to: { kind: 'call', of: 'v', width: valueDim },
        over: 'sliceQueryHead',
        entry: (head, row, column) =>
          choose(
            lt(row, countOf(head)),
            overRounds(plan, 'nearValueGradients', valueDim, { head: head.at, row, column }),
            0,
          ),
      },
    ]),
  ]
}
