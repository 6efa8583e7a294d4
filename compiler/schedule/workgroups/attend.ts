/** Attention as fused passes: one through all keys, or one over parts of the keys and another that merges these. */
import type { Size } from '../../../runtime/contract/size.ts'
import { besideAt, buffersOfBeside, headInGroup } from '../beside.ts'
import { distinct, product } from '../buffers.ts'
import type { Choices } from '../choices.ts'
import { tablesOf } from '../data.ts'
import { add, gt, le, mul, size, smaller, y, z } from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import { headsOfGroup, roomFor } from '../operands.ts'
import { scratch } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { mergePass, numbersOfPart } from '../merge.ts'
import { headsOf } from '../planner.ts'
import type { Attend, Plan, Planner, RowSums } from '../planner.ts'
import type { OnlinePass, Only, Over, Rows, Term, Tile } from '../schedule.ts'
import { plainTerm, scaledTerm } from '../terms.ts'

const termOf = ({ attention, kernel }: Attend): Term =>
  kernel.exponent !== undefined && attention.stabilize.kind === 'auto'
    ? scaledTerm(kernel, attention.scale)
    : plainTerm(kernel.value, attention.scale)

/** Whether the pass must know how many rows of a batch item count. */
export const seesLengths = (only: Only | undefined, ...rows: readonly (Rows | undefined)[]): boolean =>
  only !== undefined || rows.some((one) => one?.count === 'visible' || one?.count === 'cached')

/** One pass; `parts` are rows of sums over parts of the keys, in place of the result. */
export function online(from: Attend, tile: Tile, parts?: Rows): OnlinePass {
  const { name, over, queries, keys, values, columns, out, epilogue, only } = from
  const beside = parts === undefined ? from.beside : undefined
  const seesMask = from.mask.kind === 'condition'
  const rows = roomFor(queries.count)
  const tables = tablesOf(from.attention, from.kernel)
  return {
    kind: 'online',
    dim: from.attention.dim,
    name,
    tile,
    workgroups: product(
      headsOf(over),
      parts === undefined ? 1 : 'chunks',
      ['ceildiv', rows, tile.rows],
      Math.ceil(columns / tile.columns),
    ),
    buffers: distinct([
      queries.buffer,
      keys.buffer,
      ...(values === undefined ? [] : [values.buffer]),
      ...(epilogue === undefined ? [] : [epilogue.values.buffer, epilogue.filter]),
      ...tables.map(({ buffer }) => buffer),
      ...buffersOfBeside(beside),
      ...(seesMask || seesLengths(only, keys, values, epilogue?.values) ? ['lengths'] : []),
      ...(only === undefined ? [] : ['queryLengths']),
      ...(keys.count === 'cached' ? ['positions'] : []),
      (parts ?? out).buffer,
    ]),
    kernel: termOf(from),
    tables,
    mask: from.mask,
    division: from.division,
    over,
    queries,
    keys,
    values: values ?? 'identity',
    valueDim: columns,
    out: parts === undefined ? out : { parts },
    ...(epilogue && { epilogue }),
    ...(beside && { beside }),
    ...(only && { only }),
  }
}

/** Numerators and denominators over all keys, as one part: gradients take keys in stretches of any length. */
export function sumsOfRows(from: Parameters<Planner['sums']>[0], tile: (from: Attend) => Tile): RowSums {
  const { name, queries, columns, over } = from
  const buffer = `${name}Sums`
  const rows: Rows = { buffer, of: over === 'head' ? 'head' : 'sliceQueryHead', count: queries.count }
  const attend: Attend = { ...from, division: { kind: 'none' }, out: rows }
  const scaled = termOf(attend).kind === 'scaled'
  const numbers = numbersOfPart(columns, scaled)
  return {
    passes: [online(attend, tile(attend), rows)],
    buffers: [
      scratch(
        buffer,
        [numbers, roomFor(queries.count), headsOf(over)],
        `per head and row: numerators [${columns}], denominator${scaled ? ', log-scale' : ''}`,
      ),
    ],
    buffer,
    scaled,
    unit: Math.LN2,
  }
}

/** How the rows of an attention lie whose keys are taken in parts. */
interface InParts {
  readonly over: 'sliceQueryHead' | 'sliceKeyHead'
  /** Rows of a head. */
  readonly count: number | 'heads'
  readonly queries: Rows
  /** Keys of all parts together. */
  readonly keys: Size
  /** Index in the result of the first row of the head z, in rows. */
  readonly firstRow: Formula
  /** Keys of one part. */
  readonly keysOfPart: number
}

/** Numerators and denominators over each stretch of the keys, then their quotients. */
function inParts(
  from: Attend,
  tile: Tile,
  { over, count, queries, keys, firstRow, keysOfPart }: InParts,
): Plan {
  const { name, columns, division, out, only } = from
  const scaled = termOf(from).kind === 'scaled'
  const parts: Rows = { buffer: `${name}Parts`, of: over, count }
  const rows = roomFor(count)
  const heads = headsOf(over)
  const numbers = numbersOfPart(columns, scaled)
  const head = headAt('kvHeads', over, z)
  const beside = besideAt(from.beside, over === 'sliceKeyHead' ? headInGroup(head, y) : head)
  return {
    passes: [
      online({ ...from, over, queries }, tile, parts),
      mergePass({
        name: `merge_${name}`,
        parts: { buffer: parts.buffer, count: 'chunks', rows, valueDim: columns, scaled },
        heads,
        division,
        beside,
        ...(only && { where: isMeant(only, over) }),
        out: out.buffer,
        rowOfOut: add(firstRow, y),
        what: 'the quotients of each row’s parts',
      }),
    ],
    buffers: [
      scratch(
        parts.buffer,
        [numbers, rows, 'chunks', heads],
        `per ${over === 'sliceKeyHead' ? 'key/value' : 'query'} head, part and row: numerators [${columns}], denominator${scaled ? ', log-scale' : ''}`,
      ),
    ],
    chunks: { chunk: keysOfPart, chunks: ['max', 1, ['ceildiv', keys, keysOfPart]] },
  }
}

/** Few queries against all keys of a sequence. */
export function attendInParts(from: Attend, tile: Tile, { keysOfPart }: Choices): Plan {
  const { queries } = from
  const count = queries.count as number
  return inParts(from, tile, {
    over: 'sliceQueryHead',
    count,
    queries,
    keys: 'keyLength',
    firstRow: mul(z, count),
    keysOfPart,
  })
}

/**
 * A token against all that a cache then holds, no row of which is behind it. The query heads of a key/value head are
 * rows of one tile, so that keys and values are read once for all of them.
 */
export function attendToken(from: Attend, tile: Tile, { keysOfPart }: Choices): Plan {
  // No row of a cache is behind the token, but a condition may hide some.
  const mask = from.mask.kind === 'condition' ? from.mask : ({ kind: 'none' } as const)
  return inParts({ ...from, name: `${from.name}_token`, mask }, tile, {
    over: 'sliceKeyHead',
    count: 'heads',
    queries: {
      buffer: from.queries.buffer,
      of: from.queries.of === 'queryHead' ? 'tokenHead' : 'sliceTokenHead',
      count: 'heads',
    },
    keys: ['+', 'offset', 'keyLength'],
    firstRow: mul(from.out.of === 'queryHead' ? add(size('sliceStart'), z) : z, size(headsOfGroup)),
    keysOfPart,
  })
}

/** Whether a pass for some batch items is for the batch item of the cell. */
function isMeant({ fewer, rows }: Only, over: Over): Formula {
  const head = headAt('kvHeads', over, z, { lengths: true })
  const least = smaller(head.counted, head.visible)
  return fewer === 'atMost' ? le(least, rows) : gt(least, rows)
}
