/** The gradients of query and key rows, by the slopes of κ, and those of values. */
import type { ScaledTerm } from '../../algebra/attention.ts'
import {
  add as plus,
  constant,
  element,
  exp,
  multiply,
  reduce,
  subtract,
  variable,
} from '../../symbolic/build.ts'
import { entryName } from '../../symbolic/differentiate.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { simplify } from '../../symbolic/simplify.ts'
import { add, choose, load, lt, mul, named, real, size, sub, termsOf, x, y, z } from '../equation/build.ts'
import { entryOf, headAt, rowOf } from '../equation/heads.ts'
import { roomFor } from '../operands.ts'
import type { Head } from '../equation/heads.ts'
import { scratch, writing } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { headsOf } from '../planner.ts'
import type { Plan } from '../planner.ts'
import type { Rows } from '../schedule.ts'
import type { Adjoint } from './adjoint.ts'
import { columnsOf, isRowItself } from './pair-slopes.ts'
import type { SlopesOfWeight } from './pair-slopes.ts'
import { InvariantError } from '../../diagnostics/invariant.ts'
import { attendPartners, ownersOf, roomCount } from './attend-plan.ts'
import type { Plans } from './attend-plan.ts'

/** g_i · v_j − g_i · o_i, over the denominator, of the rows with more entries. */
function cotangentOfWeight({ attend: { attention, columns } }: Plans): Expression {
  const { dim } = attention
  const t = variable('t')
  const at = plus(t, constant(dim))
  return plus(
    reduce('sum', 't', columns, multiply(element('q', at), element('k', at))),
    element('q', constant(dim + columns)),
  )
}

/** coefficient · κ's exponential over that of the row's scale. */
function relative(
  { kernel, apart, attend: { attention, columns } }: Plans,
  coefficient: Expression,
): ScaledTerm {
  const factor = simplify(coefficient)
  if (!apart || kernel.exponent === undefined) return { value: factor, coefficient: factor, sign: 'unknown' }
  const exponent = simplify(subtract(kernel.exponent, element('q', constant(attention.dim + columns + 1))))
  return { value: multiply(factor, exp(exponent)), coefficient: factor, exponent, sign: 'unknown' }
}

/** Σ weight · ∂κ of one weight, and the gradient of the rows that follows. */
export function slopePasses(plans: Plans, group: SlopesOfWeight, own: 'q' | 'k', n: number): Adjoint {
  const { attend, operands } = plans
  const {
    name,
    attention: { dim },
    queries,
    keys,
  } = attend
  const [rows, partners] = own === 'q' ? [queries, keys] : [keys, queries]
  const side = own === 'q' ? 'query' : 'key'
  const values = valuesOf(plans, group, own, n)
  const columns = group.slopes.reduce((total, slope) => total + columnsOf(slope, dim), 0)
  const out: Rows = {
    buffer: `${name}${own === 'q' ? 'Query' : 'Key'}Slopes${n || ''}`,
    of: plans.queryRows.of,
    count: roomCount(rows),
  }
  const attended = attendPartners(plans, own, {
    name: `${name}_${side}_slopes${n || ''}`,
    kernel: relative(plans, multiply(cotangentOfWeight(plans), group.weight)),
    values: values.rows ?? partners,
    columns,
    out,
  })
  return {
    passes: [...values.passes, ...attended.passes],
    buffers: [
      ...values.buffers,
      ...attended.buffers,
      scratch(
        out.buffer,
        [columns, roomFor(out.count), headsOf(attend.over)],
        `per head and row: [${columns}]`,
      ),
    ],
    contributions: [
      {
        to: own === 'q' ? operands.queries : operands.keys,
        over: attend.over,
        entry: (head, row, column) =>
          slopeEntry(group, { rows, own, dim, out, columns }, { head, row, column }),
      },
    ],
  }
}

/** Σ own · (Σ weight · partner) at one entry of a row. */
function slopeEntry(
  { slopes }: SlopesOfWeight,
  from: {
    readonly rows: Rows
    readonly own: 'q' | 'k'
    readonly dim: number
    readonly out: Rows
    readonly columns: number
  },
  { head, row, column }: { readonly head: Head; readonly row: Formula; readonly column: Formula },
): Formula {
  const { rows, own, dim, out, columns } = from
  let first = 0
  const parts = slopes.map((slope) => {
    const taken = columnsOf(slope, dim)
    const at = taken === 1 ? size(first) : add(column, first)
    first += taken
    const part = load(out.buffer, entryOf(out, head, row, columns, at))
    const [factor] = termsOf({
      expressions: [slope.own],
      rows: { [own]: { buffer: rows.buffer, start: mul(rowOf(rows, head, row), dim) } },
      scalars: {},
      indexes: { [entryName]: column },
    })
    return slope.own.kind === 'constant' && slope.own.value === 1 ? part : mul(part, factor ?? real(1))
  })
  const [one, ...others] = parts
  if (one === undefined) throw new InvariantError('a weight has slopes')
  return others.length === 0 ? one : add(one, ...others)
}

/** The values of such an attention: the partners themselves, or functions of their entries side by side. */
function valuesOf(
  plans: Plans,
  { slopes }: SlopesOfWeight,
  own: 'q' | 'k',
  n: number,
): Plan & { readonly rows?: Rows } {
  const [only] = slopes
  if (slopes.length === 1 && only !== undefined && isRowItself(only)) return { passes: [], buffers: [] }
  const { attend, queryRows, keyRows } = plans
  const {
    name,
    attention: { dim },
    queries,
    keys,
  } = attend
  const partners = own === 'q' ? keys : queries
  const like = own === 'q' ? keyRows : queryRows
  const partner = own === 'q' ? 'k' : 'q'
  const over = ownersOf(like)
  const head = headAt('kvHeads', over, z)
  const columns = slopes.reduce((total, slope) => total + columnsOf(slope, dim), 0)
  const start = mul(rowOf(partners, head, y), dim)
  let first = 0
  const places = slopes.map((slope) => {
    const here = first
    first += columnsOf(slope, dim)
    const [value] = termsOf({
      expressions: [slope.partner],
      rows: { [partner]: { buffer: partners.buffer, start } },
      scalars: {},
      indexes: { [entryName]: named('entry', sub(x, here)) },
    })
    return { end: first, value: value ?? real(1) }
  })
  const [last, ...before] = places.toReversed()
  if (last === undefined) throw new InvariantError('a weight has slopes')
  const value = before.reduce((behind, one) => choose(lt(x, one.end), one.value, behind), last.value)
  const buffer = `${name}${own === 'q' ? 'Key' : 'Query'}Values${n || ''}`
  const extent = [columns, roomFor(like.count), headsOf(over)] as const
  return {
    rows: { ...like, buffer },
    ...writing(
      {
        name: `${name}_${own === 'q' ? 'key' : 'query'}_values${n || ''}`,
        extent,
        value,
        out: buffer,
        what: 'what a derivative of κ sees of each partner',
      },
      `per head and row: [${columns}]`,
    ),
  }
}

/** Σ weight · cotangent over the queries that see a key. */
export function valuePasses(plans: Plans): Adjoint {
  const { attend, operands, cotangents, kernel, apart } = plans
  const { name, columns, keys, over } = attend
  const out: Rows = { buffer: `${name}ValueGradients`, of: plans.queryRows.of, count: roomCount(keys) }
  const attended = attendPartners(plans, 'k', {
    name: `${name}_value_gradients`,
    kernel: relative(plans, apart ? kernel.coefficient : kernel.value),
    values: cotangents,
    columns,
    out,
  })
  return {
    passes: attended.passes,
    buffers: [
      ...attended.buffers,
      scratch(out.buffer, [columns, roomFor(out.count), headsOf(over)], `per head and key: [${columns}]`),
    ],
    contributions:
      operands.values === undefined
        ? []
        : [
            {
              to: operands.values,
              over: attend.over,
              entry: (head, row, column) => load(out.buffer, entryOf(out, head, row, columns, column)),
            },
          ],
  }
}
