/**
 * Sums of rows from the first one on, in two equations: of blocks of rows, and of the blocks before a row together with
 * the rows of its own. Whole numbers, whose sums are exact, and what is left of them are summed apart. All rows of a
 * block see the blocks before it alike, so that the difference of two rows has the error of the rows between them.
 */
import type { Accumulated } from '../algebra/attention.ts'
import { apply, constant, subtract, variable } from '../symbolic/build.ts'
import * as expression from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import {
  add,
  before,
  choose,
  div,
  integer,
  load,
  lt,
  mod,
  mul,
  named,
  over,
  size,
  sub,
  sum,
  termsOf,
  x,
  y,
  z,
} from './equation/build.ts'
import { entryOf, headAt } from './equation/heads.ts'
import type { Head } from './equation/heads.ts'
import { equationPass, writing } from './equation/plan.ts'
import type { Plan } from './equation/plan.ts'
import type { Formula } from './equation.ts'
import { extentOf, mappedPlace, overHeads } from './map.ts'
import type { Groups } from './schedule.ts'

/** Rows of a block. */
const rowsOfBlock = 64

/** What the rows follow: sums that a cache holds of the last row before the first of a head. */
export type SumsBefore = (head: Head, entry: Formula, part: 'whole' | 'rest') => Formula

/** Where and how rows are summed. */
export interface SumContext {
  readonly groups: Groups
  /** Absent where rows begin the sequence. */
  readonly sumsBefore?: SumsBefore
  /** The rows are those of a token, which is no block. */
  readonly token?: boolean
}

/** The passes that sum the rows of a step; room for these has its own buffer. */
export function accumulatedPlan(step: Accumulated, { groups, sumsBefore, token = false }: SumContext): Plan {
  const entries = step.rows.width
  const rows = mappedPlace(step.rows)
  const head = headAt(groups, overHeads(step), z, { positions: sumsBefore !== undefined })
  const [, count, heads] = extentOf(step, groups)
  const at = (row: Formula, entry: Formula): Formula =>
    load(rows.buffer, entryOf(rows, head, row, entries, entry))
  const suffix = sumsBefore === undefined ? '' : token ? '_token' : '_cached'
  const blocks = writing(
    {
      name: `${step.name}_of_blocks`,
      extent: [entries, ['ceildiv', count, rowsOfBlock], heads],
      value: sum('t', before(mul(y, rowsOfBlock), size(count), rowsOfBlock), (t) =>
        at(add(mul(y, rowsOfBlock), t), x),
      ),
      out: `${step.result}OfBlocks`,
      what: `sums of ${rows.buffer} over blocks of ${rowsOfBlock} rows`,
    },
    `per head and block: [${entries}]`,
  )
  const entry = named('entry', mod(x, entries))
  const ofBlock = (block: Formula): Formula => {
    const index = mul(z, size(['ceildiv', count, rowsOfBlock]))
    return load(`${step.result}OfBlocks`, add(mul(add(index, block), entries), entry))
  }
  const block = named('block', token ? integer(0) : div(y, rowsOfBlock))
  const first = mul(block, rowsOfBlock)
  const own = inParts('t', add(sub(y, first), 1), (t) => at(add(first, t), entry))
  const others = token ? undefined : inParts('b', block, ofBlock)
  const total = (part: 'whole' | 'rest'): Formula => {
    const here = others === undefined ? own[part] : add(others[part], own[part])
    return sumsBefore === undefined ? here : add(sumsBefore(head, entry, part), here)
  }
  const rest = named('rest', total('rest'))
  const carried = named('carried', term(rounded(variable('a')), { a: rest }))
  const pass = equationPass({
    name: `${step.name}${suffix}`,
    extent: [step.width, count, heads],
    value: choose(lt(x, entries), add(total('whole'), carried), sub(rest, carried)),
    out: step.result,
    what: `sums of ${rows.buffer} up to each row: whole numbers, and what is left`,
  })
  return token
    ? { passes: [pass], buffers: [] }
    : { passes: [...blocks.passes, pass], buffers: blocks.buffers }
}

/** The nearest whole number. */
const rounded = (of: Expression): Expression => apply('floor', expression.add(of, constant(0.5)))

const term = (of: Expression, scalars: Readonly<Record<string, Formula>>): Formula => {
  const [value] = termsOf({ expressions: [of], rows: {}, scalars })
  return value as Formula
}

/** Sums of the nearest whole numbers, and of what is left. */
function inParts(
  index: string,
  count: Formula,
  value: (index: Formula) => Formula,
): Readonly<Record<'whole' | 'rest', Formula>> {
  const a = variable('a')
  const [whole, rest] = over(index, count, (at) => {
    const terms = termsOf({
      expressions: [rounded(a), subtract(a, rounded(a))],
      rows: {},
      scalars: { a: value(at) },
    })
    return terms.map((one, which) => ({
      name: which === 0 ? 'wholes' : 'rests',
      operator: 'sum' as const,
      value: one,
    }))
  }) as [Formula, Formula]
  return { whole, rest }
}
