/** Plans for devices whose workgroups have memory of their own: fused passes for attention and products. */
import type { Size } from '../../../runtime/contract/size.ts'
import { distinct, product } from '../buffers.ts'
import { add, gt, le, load, mul, size, smaller, x, y, z } from '../equation/build.ts'
import { entryOf, headAt } from '../equation/heads.ts'
import { equationPass, scratch } from '../equation/plan.ts'
import type { EquationPass, Formula } from '../equation.ts'
import { scheduleFactorised } from './factorised.ts'
import { mergePass, numbersOfPart } from '../merge.ts'
import { headsOf } from '../planner.ts'
import type { Attend, Copy, Either, Plan, Planner, Product } from '../planner.ts'
import type { OnlinePass, Only, Over, ProductPass, Rows, Term, Tile } from '../schedule.ts'
import { plainTerm, scaledTerm } from '../terms.ts'
import { attentionTile, rowsOfTile, valueTile } from '../tiles.ts'

/** Keys of one part where few queries attend to all keys of a sequence. */
const keysOfPart = 256

/**
 * The planner of targets with workgroup memory. One pass attends; where few queries face all keys, each part of the
 * keys has workgroups of its own, and a second pass merges the parts.
 */
export const workgroupPlanner: Planner = {
  ...attentionIn((from) =>
    hasManyPairs(from) ? attentionTile(from.columns) : valueTile(from.columns, rowsOfTile),
  ),
  ...productsIn(({ columns }) => valueTile(columns, rowsOfTile)),
  append,
  factorised: scheduleFactorised,
  rowsApart: false,
}

/** Whether large tiles are filled: by many rows, by the keys of a tile, and by a mask that shows all of most tiles. */
const hasManyPairs = ({ queries, keys, mask, columns }: Attend): boolean =>
  queries.count === 'length' &&
  mask.kind !== 'condition' &&
  (typeof keys.count === 'number' ? keys.count >= attentionTile(columns).steps : keys.count !== 'cached')

/** Attention in tiles, which the operation may decide. */
export function attentionIn(tile: (from: Attend) => Tile): Pick<Planner, 'attend' | 'attendEither'> {
  const one = (from: Attend): OnlinePass => online(from, tile(from))
  return {
    attend: (from) =>
      hasFewQueries(from) ? attendInParts(from, tile(from)) : { passes: [one(from)], buffers: [] },
    attendEither: ({ many, few }: Either) => ({ passes: [one(many), one(few)], buffers: [] }),
  }
}

/** Products of matrices in tiles, which the operation may decide. */
export function productsIn(tile: (from: Product) => Tile): Pick<Planner, 'product'> {
  return { product: (from) => matrixProduct(from, tile(from)) }
}

/** So few queries leave most of a device idle when each goes through all keys. */
const hasFewQueries = ({ queries, keys, values }: Attend): boolean =>
  typeof queries.count === 'number' && keys.count === 'visible' && values !== undefined

const termOf = ({ attention, kernel }: Attend): Term =>
  kernel.exponent !== undefined && attention.stabilize.kind === 'auto'
    ? scaledTerm(kernel, attention.scale)
    : plainTerm(kernel.value, attention.scale)

/** Whether the pass must know how many rows of a batch item count. */
const seesLengths = (only: Only | undefined, ...rows: readonly (Rows | undefined)[]): boolean =>
  only !== undefined || rows.some((one) => one?.count === 'visible' || one?.count === 'cached')

function online(from: Attend, tile: Tile, parts?: Rows): OnlinePass {
  const { name, over, queries, keys, values, columns, out, epilogue, only } = from
  const seesMask = from.mask.kind === 'condition'
  const rows: Size = queries.count === 'length' ? 'length' : (queries.count as number)
  return {
    kind: 'online',
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
      ...(seesMask || seesLengths(only, keys, values, epilogue?.values) ? ['lengths'] : []),
      ...(only === undefined ? [] : ['queryLengths']),
      ...(keys.count === 'cached' ? ['positions'] : []),
      (parts ?? out).buffer,
    ]),
    kernel: termOf(from),
    mask: from.mask,
    division: from.division,
    over,
    queries,
    keys,
    values: values ?? 'identity',
    valueDim: columns,
    out: parts === undefined ? out : { parts },
    ...(epilogue && { epilogue }),
    ...(only && { only }),
  }
}

/** Numerators and denominators over each stretch of the keys, then their quotients. */
function attendInParts(from: Attend, tile: Tile): Plan {
  const { name, queries, columns, division, out, only } = from
  const scaled = termOf(from).kind === 'scaled'
  const parts: Rows = { buffer: `${name}Parts`, of: 'sliceQueryHead', count: queries.count }
  const rows = queries.count as number
  const heads = headsOf('sliceQueryHead')
  const numbers = numbersOfPart(columns, scaled)
  return {
    passes: [
      online(from, tile, parts),
      mergePass({
        name: `merge_${name}`,
        parts: { buffer: parts.buffer, count: 'chunks', rows, valueDim: columns, scaled },
        heads,
        division,
        ...(only && { where: isMeant(only, 'sliceQueryHead') }),
        out: out.buffer,
        firstRow: mul(z, rows),
        what: 'the quotients of each row’s parts',
      }),
    ],
    buffers: [
      scratch(
        parts.buffer,
        [numbers, rows, 'chunks', heads],
        `per query head, part and row: numerators [${columns}], denominator${scaled ? ', log-scale' : ''}`,
      ),
    ],
    chunks: { chunk: keysOfPart, chunks: ['max', 1, ['ceildiv', 'keyLength', keysOfPart]] },
  }
}

/** Whether a pass for some batch items is for the batch item of the cell. */
function isMeant({ fewer, rows }: Only, over: Over): Formula {
  const head = headAt('kvHeads', over, z, { lengths: true })
  const least = smaller(head.counted, head.visible)
  return fewer === 'atMost' ? le(least, rows) : gt(least, rows)
}

function matrixProduct(from: Product, tile: Tile): ProductPass {
  const { name, over, left, right, out, columns, diagonal, factor = 1, only } = from
  return {
    kind: 'product',
    name,
    tile,
    over,
    workgroups: product(headsOf(over), Math.ceil(left.count / tile.rows), Math.ceil(columns / tile.columns)),
    buffers: distinct([
      left.buffer,
      right.buffer,
      ...(seesLengths(only, right) ? ['lengths'] : []),
      ...(only === undefined ? [] : ['queryLengths']),
      out.buffer,
    ]),
    left,
    right,
    out,
    columns,
    factor,
    ...(diagonal === undefined ? {} : { diagonal }),
    ...(only && { only }),
  }
}

/** Writes new rows into a cache, behind the rows that it holds. */
function append({ from, to, width }: Copy): EquationPass {
  const head = headAt('kvHeads', 'sliceKeyHead', z, { positions: true })
  const cached: Rows = { buffer: to, of: 'cachedHead', count: 'cached' }
  return equationPass({
    name: `append_${from}`,
    extent: [width, 'length', 'sliceCount'],
    value: load(from, add(mul(add(mul(head.keyGroup, size('length')), y), width), x)),
    out: to,
    place: entryOf(cached, head, add(head.firstPosition, y), width, x),
    what: `the new rows of ${from}, behind those in ${to}`,
  })
}
