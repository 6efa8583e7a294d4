/**
 * The adjoint of exact attention, which is exact attention again. With g_i the cotangent of a row, D_i its denominator
 * and o_i its result,
 *
 *     dv_j = Σ_i w_ij g_i / D_i
 *     dq_i = Σ_j c_ij ∂κ(q_i, k_j)/∂q_i,     c_ij = (g_i · v_j − g_i · o_i) / D_i
 *
 * and dk_j likewise, by queries. So each is an attention without division between rows that have more entries: a query
 * row has its cotangent, that of its denominator and its scale behind it, and a key row its value. Nothing is kept of
 * pairs, and the exponent of a pair is at most that of its row.
 */
import { InvariantError } from '../../diagnostics/invariant.ts'
import type { Mask, RowOperand, ScaledTerm } from '../../algebra/attention.ts'
import {
  add as plus,
  apply,
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
import { mapChildren } from '../../symbolic/traverse.ts'
import {
  add,
  choose,
  eq,
  finitePower,
  inverse,
  load,
  lt,
  mul,
  named,
  real,
  select,
  size,
  sub,
  sum,
  termsOf,
  withScale,
  x,
  y,
  z,
} from '../equation/build.ts'
import { binaryDenominator, denominator } from '../division.ts'
import { entryOf, firstRow, headAt } from '../equation/heads.ts'
import { roomFor } from '../operands.ts'
import type { Head } from '../equation/heads.ts'
import { equationPass, scratch } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { headsOf } from '../planner.ts'
import type { Attend, Plan, Planner, RowSums } from '../planner.ts'
import type { Rows } from '../schedule.ts'
import { scaleRows } from '../terms.ts'
import type { Adjoint, Contribution, Entry } from './adjoint.ts'
import { byWeight, columnsOf, isRowItself, pairSlopes } from './pair-slopes.ts'
import type { SlopesOfWeight } from './pair-slopes.ts'

/** An attention whose adjoint is wanted. */
export interface AttendAdjoint {
  readonly planner: Planner
  readonly attend: Attend
  readonly operands: {
    readonly queries: RowOperand
    readonly keys: RowOperand
    readonly values?: RowOperand
  }
  /** Of the result. */
  readonly cotangent: Entry
}

/** What the passes of one adjoint share. */
interface Plans extends AttendAdjoint {
  readonly kernel: ScaledTerm
  readonly apart: boolean
  readonly sums: RowSums
  /** Rows with their cotangents and scales behind them, and rows with their values. */
  readonly queryRows: Rows
  readonly keyRows: Rows
  /** Cotangents over the rows' denominators. */
  readonly cotangents: Rows
  /** Entries of such a row. */
  readonly width: number
}

/** The adjoint; undefined where ∂κ is no sum of products of functions of one row each. */
export function adjointOfAttend(from: AttendAdjoint): Adjoint | undefined {
  const { attend, planner } = from
  const { attention, name, columns, queries, keys, over } = attend
  const kernel = withUnscaledRows(attend.kernel, attention.scale)
  const apart = kernel.exponent !== undefined && attention.stabilize.kind === 'auto'
  const [ofQueries, ofKeys] = [pairSlopes(kernel, apart, 'q'), pairSlopes(kernel, apart, 'k')]
  if (ofQueries === undefined || ofKeys === undefined) return undefined
  const sums = planner.sums({ ...attend, name: `${name}_again` })
  const owner = over === 'head' ? 'head' : 'sliceQueryHead'
  const plans: Plans = {
    ...from,
    kernel,
    apart,
    sums,
    queryRows: { buffer: `${name}QueryRows`, of: owner, count: roomCount(queries) },
    keyRows: {
      buffer: `${name}KeyRows`,
      of: finest(keys, attend.values),
      count: keys.count === 'visible' ? 'visible' : roomCount(keys),
    },
    cotangents: { buffer: `${name}Cotangents`, of: owner, count: roomCount(queries) },
    width: attention.dim + columns + (sums.scaled ? 2 : 1),
  }
  const parts: readonly (Plan & Partial<Adjoint>)[] = [
    cotangentPass(plans),
    queryRowsPass(plans),
    keyRowsPass(plans),
    ...byWeight(ofQueries).map((group, n) => slopePasses(plans, group, 'q', n)),
    ...byWeight(ofKeys).map((group, n) => slopePasses(plans, group, 'k', n)),
    ...(attend.values === undefined ? [] : [valuePasses(plans)]),
  ]
  return {
    passes: [...sums.passes, ...parts.flatMap(({ passes }) => passes)],
    buffers: [...sums.buffers, ...parts.flatMap(({ buffers }) => buffers)],
    contributions: parts.flatMap(({ contributions = [] }) => contributions),
  }
}

const roomCount = ({ count }: Rows): Rows['count'] =>
  count === 'counted' ? 'length' : count === 'visible' ? 'keyLength' : count

/** The owners of rows that are made of such rows. */
function finest(...rows: readonly (Rows | undefined)[]): Rows['of'] {
  const owners = rows.flatMap((one) => one?.of ?? [])
  if (owners.some((of) => of === 'queryHead' || of === 'sliceQueryHead')) return 'sliceQueryHead'
  return owners.every((of) => of === 'head') ? 'head' : 'sliceKeyHead'
}

/** κ of rows as the caller gives them. */
function withUnscaledRows({ value, coefficient, exponent, sign }: ScaledTerm, scale: number): ScaledTerm {
  return {
    value: scaleRows(value, scale),
    coefficient: scaleRows(coefficient, scale),
    ...(exponent && { exponent: scaleRows(exponent, scale) }),
    sign,
  }
}

const headOf = ({ attend: { over } }: Plans): Head => headAt('kvHeads', over, z, { lengths: over !== 'head' })

const overOf = ({ attend: { over } }: Plans): Contribution['over'] => over

/** 1 over the row's denominator, or the exponential of its scale. */
function factorOf({ attend, sums }: Plans): Formula | undefined {
  const { columns, division } = attend
  const scale = sums.scaled ? sumAt(sums, attend, columns + 1) : undefined
  const total = sumAt(sums, attend, columns)
  const inUnits = sums.unit === 1
  if (division.kind === 'none') return scale && finitePower(inUnits ? scale : mul(scale, real(sums.unit)))
  return inverse(inUnits ? denominator(total, division, scale) : binaryDenominator(total, division, scale))
}

/** A number of the sums of the row (y, z). */
function sumAt({ buffer, scaled }: RowSums, { columns, queries }: Attend, column: number | Formula): Formula {
  const numbers = columns + (scaled ? 2 : 1)
  return load(buffer, add(mul(add(mul(z, size(roomFor(queries.count))), y), numbers), column))
}

/** Cotangents over the rows' denominators. */
function cotangentPass(plans: Plans): Plan {
  const { attend, cotangent, cotangents } = plans
  const { name, columns, over } = attend
  const factor = factorOf(plans)
  const given = cotangent(headOf(plans), y, x)
  const extent = [columns, roomFor(cotangents.count), headsOf(over)] as const
  return {
    passes: [
      equationPass({
        name: `${name}_cotangents`,
        extent,
        value: factor === undefined ? given : mul(given, named('factor', factor)),
        out: cotangents.buffer,
        what: 'the gradient of each row over its denominator',
      }),
    ],
    buffers: [scratch(cotangents.buffer, extent, `per head and row: [${columns}]`)],
  }
}

/** Query rows, their cotangents, those of their denominators, and their scales. */
function queryRowsPass(plans: Plans): Plan {
  const { attend, sums, queryRows, cotangents, width } = plans
  const { name, attention, columns, queries, division, over } = attend
  const { dim } = attention
  const head = headOf(plans)
  const cotangent = (column: Formula): Formula =>
    load(cotangents.buffer, entryOf(cotangents, head, y, columns, column))
  const factor = factorOf(plans)
  const ofDenominator =
    division.kind === 'none' || factor === undefined
      ? real(0)
      : mul(
          sub(
            0,
            sum('t', columns, (t) => mul(cotangent(t), sumAt(sums, attend, t))),
          ),
          factor,
        )
  const scale = sums.scaled ? withScale(sumAt(sums, attend, columns + 1), sums.unit) : real(0)
  const extent = [width, roomFor(queryRows.count), headsOf(over)] as const
  return {
    passes: [
      equationPass({
        name: `${name}_query_rows`,
        extent,
        value: choose(
          lt(x, dim),
          load(queries.buffer, entryOf(queries, head, y, dim, x)),
          choose(
            lt(x, dim + columns),
            cotangent(sub(x, dim)),
            choose(eq(x, dim + columns), ofDenominator, scale),
          ),
        ),
        out: queryRows.buffer,
        what: 'each query row, the gradients of its numerators and of its denominator, and its scale',
      }),
    ],
    buffers: [scratch(queryRows.buffer, extent, `per head and row: [${width}]`)],
  }
}

/** Key rows, and their values behind them. */
function keyRowsPass({ attend, keyRows, width }: Plans): Plan {
  const { name, attention, columns, keys, values } = attend
  const { dim } = attention
  const over = keyRows.of === 'sliceQueryHead' || keyRows.of === 'head' ? keyRows.of : 'sliceKeyHead'
  const head = headAt('kvHeads', over, z)
  const column = sub(x, dim)
  const value =
    values === undefined
      ? select(eq(column, y), real(1), 0)
      : load(values.buffer, entryOf(values, head, y, columns, column))
  const extent = [width, roomFor(keyRows.count), headsOf(over)] as const
  return {
    passes: [
      equationPass({
        name: `${name}_key_rows`,
        extent,
        value: choose(
          lt(x, dim),
          load(keys.buffer, entryOf(keys, head, y, dim, x)),
          choose(lt(x, dim + columns), value, 0),
        ),
        out: keyRows.buffer,
        what: 'each key row, and its value behind it',
      }),
    ],
    buffers: [scratch(keyRows.buffer, extent, `per head and row: [${width}]`)],
  }
}

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

/** The attention of `own` rows to their partners with weights of this kernel, nothing divided. */
function attention(
  plans: Plans,
  own: 'q' | 'k',
  from: {
    readonly name: string
    readonly kernel: ScaledTerm
    readonly values: Rows
    readonly columns: number
    readonly out: Rows
  },
): Plan {
  const { attend, planner, queryRows, keyRows, width } = plans
  const { attention, mask, over, only } = attend
  const transposed = own === 'k'
  return planner.attend({
    ...from,
    attention: { ...attention, dim: width, scale: 1 },
    kernel: transposed ? exchanged(from.kernel) : from.kernel,
    mask: transposed ? transposedMask(mask) : mask,
    over,
    queries: transposed ? { ...keyRows, count: roomCount(keyRows) } : queryRows,
    keys: transposed ? queryRows : keyRows,
    division: { kind: 'none' },
    ...(only && { only }),
  })
}

/** Σ weight · ∂κ of one weight, and the gradient of the rows that follows. */
function slopePasses(plans: Plans, group: SlopesOfWeight, own: 'q' | 'k', n: number): Adjoint {
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
  const attended = attention(plans, own, {
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
        over: overOf(plans),
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
      rows: { [own]: { buffer: rows.buffer, start: mul(add(firstRow(rows, head), row), dim) } },
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
  const over = like.of === 'sliceQueryHead' || like.of === 'head' ? like.of : 'sliceKeyHead'
  const head = headAt('kvHeads', over, z)
  const columns = slopes.reduce((total, slope) => total + columnsOf(slope, dim), 0)
  const start = mul(add(firstRow(partners, head), y), dim)
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
    passes: [
      equationPass({
        name: `${name}_${own === 'q' ? 'key' : 'query'}_values${n || ''}`,
        extent,
        value,
        out: buffer,
        what: 'what a derivative of κ sees of each partner',
      }),
    ],
    buffers: [scratch(buffer, extent, `per head and row: [${columns}]`)],
  }
}

/** Σ weight · cotangent over the queries that see a key. */
function valuePasses(plans: Plans): Adjoint {
  const { attend, operands, cotangents, kernel, apart } = plans
  const { name, columns, keys, over } = attend
  const out: Rows = { buffer: `${name}ValueGradients`, of: plans.queryRows.of, count: roomCount(keys) }
  const attended = attention(plans, 'k', {
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
              over: overOf(plans),
              entry: (head, row, column) => load(out.buffer, entryOf(out, head, row, columns, column)),
            },
          ],
  }
}

/** The same κ with its rows exchanged. */
function exchanged({ value, coefficient, exponent, sign }: ScaledTerm): ScaledTerm {
  const visit = (node: Expression): Expression => {
    if (node.kind !== 'element') return mapChildren(node, visit)
    const vector = node.vector === 'q' ? 'k' : node.vector === 'k' ? 'q' : node.vector
    return { ...node, vector }
  }
  return {
    value: visit(value),
    coefficient: visit(coefficient),
    ...(exponent && { exponent: visit(exponent) }),
    sign,
  }
}

/** Which queries a key is seen by. */
function transposedMask(mask: Mask): Mask {
  if (mask.kind === 'none') return mask
  const [i, j] = [variable('i'), variable('j')]
  if (mask.kind === 'causal') return { kind: 'condition', condition: apply('greaterEqual', j, i) }
  const visit = (node: Expression): Expression => {
    if (node.kind !== 'variable') return mapChildren(node, visit)
    return node.name === 'i' ? j : node.name === 'j' ? i : node
  }
  return { kind: 'condition', condition: visit(mask.condition) }
}
