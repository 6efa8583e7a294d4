/** Places of the order of a hash, and the rows at them: what the passes of its gradients share. */
import type { Attention, Mask, Near, ScaledTerm } from '../../algebra/attention.ts'
import { queryRows } from '../buffers.ts'
import {
  add,
  all,
  before,
  condition,
  div,
  larger,
  le,
  load,
  lt,
  mul,
  named,
  select,
  size,
  smaller,
  sub,
  termsOf,
  x,
  y,
  z,
} from '../equation/build.ts'
import { headAt, rowOf } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import { equationPass } from '../equation/plan.ts'
import type { Extent, Formula } from '../equation.ts'
import type { Plan } from '../planner.ts'
import { product } from '../buffers.ts'
import { sliceQueryHeads } from '../strategies/near.ts'
import { entryName } from '../../symbolic/differentiate.ts'
import type { Expression } from '../../symbolic/expression.ts'

/** An attention whose adjoint is wanted. */
export interface NearPlan {
  readonly attention: Attention
  readonly step: Near
  /** κ of a query row as it is given, and of a key row of norm 1. */
  readonly kernel: ScaledTerm
}

const length = size('length')

/** A box of cells for each place of the order, in each round of each head: z counts rounds. */
export const ofPlaces = (columns: number, { step }: NearPlan): Extent => [
  columns,
  'length',
  product(sliceQueryHeads, step.rounds),
]

/** A box of cells for each row of each head. */
export const ofRows = (columns: number): Extent => [columns, 'length', sliceQueryHeads]

/** The head of the cell (…, …, z) of rows. */
export const headOfRows = (): Head => headAt('kvHeads', 'sliceQueryHead', z)

/** Numbers that `row_factors` leaves of a row. */
export const factors = 3

/** Rows of a head that count, as queries and as keys. */
export const countOf = ({ at }: Pick<Head, 'at'>): Formula => named('count', load('counts', at, 'u32'))

/** Writes them, since a pass binds few buffers. */
export function countRows(): Plan {
  const head = headAt('kvHeads', 'sliceQueryHead', x, { lengths: true })
  const count = equationPass({
    name: 'count_rows',
    extent: [sliceQueryHeads, 1, 1],
    value: smaller(head.counted, head.visible),
    out: 'counts',
    what: 'how many rows of each head count, as queries and as keys',
  })
  return {
    passes: [count],
    buffers: [
      { name: 'counts', role: 'scratch', element: 'u32', size: sliceQueryHeads, layout: 'per query head' },
    ],
  }
}

/** The order of the cell's round. */
export interface Order {
  readonly head: Head
  readonly count: Formula
  /** The row of the cell's place; one that does not count where no row has the place. */
  readonly own: Formula
  /** The row at a place that there is. */
  readonly rowAt: (place: Formula) => Formula
}

/** The order in the cell (…, place, z). */
export function orderOf({ step }: NearPlan): Order {
  const head = headAt('kvHeads', 'sliceQueryHead', named('ofSlice', div(z, step.rounds)))
  const count = countOf(head)
  const rowAt = (place: Formula): Formula => load('order', add(mul(z, length), place), 'u32')
  return { head, count, rowAt, own: named('row', select(lt(y, count), rowAt(y), y)) }
}

/** Places that a place meets: the first one, and how many there are. */
export interface Met {
  readonly first: Formula
  readonly met: Formula
}

/** Key places that a query place meets: those of its chunk and of the one before it. */
export function keysOf({ step: { chunk } }: NearPlan, place: Formula, count: Formula): Met {
  const number = named('chunk', div(place, chunk))
  const first = named('firstKey', mul(sub(larger(number, 1), 1), chunk))
  const end = smaller(mul(add(number, 1), chunk), count)
  return { first, met: named('keys', before(first, end, 2 * chunk)) }
}

/** Query places that meet a key place: those of its chunk and of the one after it. */
export function queriesOf({ step: { chunk } }: NearPlan, place: Formula, count: Formula): Met {
  const first = named('firstQuery', mul(div(place, chunk), chunk))
  return { first, met: named('queries', before(first, count, 2 * chunk)) }
}

/** Index of a pair of places in buffers of pairs, [heads, rounds, L, 2 · chunk]. */
export const pairAt = ({ step: { chunk } }: NearPlan, place: Formula, key: Formula): Formula =>
  add(mul(add(mul(z, length), place), 2 * chunk), key)

/** Whether the mask shows a key row to a query row; undefined where there is none. */
export function isShown(mask: Mask, row: Formula, key: Formula, count: Formula): Formula | undefined {
  if (mask.kind === 'none') return undefined
  if (mask.kind === 'causal') return le(key, row)
  return condition(mask.condition, { i: row, j: key, length: count })
}

/** Values of expressions for a pair of rows. */
export function evaluatePair(
  { attention: { dim } }: NearPlan,
  head: Head,
  { row, key, entry }: { readonly row: Formula; readonly key: Formula; readonly entry?: Formula },
  expressions: readonly Expression[],
): readonly Formula[] {
  return termsOf({
    expressions,
    rows: {
      q: { buffer: 'q', start: mul(rowOf(queryRows, head, row), dim) },
      k: { buffer: 'unitRows', start: mul(add(mul(head.at, length), key), dim) },
    },
    scalars: {},
    ...(entry && { indexes: { [entryName]: entry } }),
  })
}

/** The conjunction of conditions of which one is there in any case. */
export const both = (condition: Formula, ...others: readonly (Formula | undefined)[]): Formula =>
  all(condition, ...others) ?? condition
