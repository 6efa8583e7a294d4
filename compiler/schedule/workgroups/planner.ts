/** Plans for devices whose workgroups have memory of their own: fused passes for attention and products. */
import { distinct, product } from '../buffers.ts'
import { modelChoices } from '../choices.ts'
import type { Choices } from '../choices.ts'
import { add, load, x, y, z } from '../equation/build.ts'
import { entryOf, headAt } from '../equation/heads.ts'
import { equationPass } from '../equation/plan.ts'
import type { EquationPass } from '../equation.ts'
import { headsOf } from '../planner.ts'
import type { Attend, Copy, Either, Planner, Product } from '../planner.ts'
import type { OnlinePass, ProductPass, Rows, Tile } from '../schedule.ts'
import { attentionTile, rowsOfTile, tokenTile, valueTile } from '../tiles.ts'
import { attendInParts, attendToken, online, seesLengths, sumsOfRows } from './attend.ts'
import { scheduleFactorised } from './factorised.ts'
import { isChunked, recurByRows, recurInChunks } from './recur.ts'

/**
 * The planner of targets with workgroup memory. One pass attends; where few queries face all keys, or one token those in
 * a cache, each part of the keys has workgroups of its own, and a second pass merges the parts.
 */
export const plannerBy = (choices: Choices): Planner => ({
  ...fusedPasses(choices),
  attendToken: (from) => attendToken(from, tokenTile(from.columns), choices),
  recur: (from) => (isChunked(from) && !from.token ? recurInChunks(from) : recurByRows(from)),
  blocks: true,
})

/** What fused passes answer, whoever runs them: workgroups, or threads one after another. */
export const fusedPasses = (choices: Choices): Omit<Planner, 'attendToken' | 'recur' | 'blocks'> => ({
  ...attentionIn(
    (from) =>
      choices.attentionTile === 'large' && hasManyPairs(from)
        ? attentionTile(from.columns)
        : valueTile(from.columns, rowsOfTile),
    choices,
  ),
  ...productsIn(({ columns }) => valueTile(columns, rowsOfTile)),
  append,
  factorised: (attention, carry) => scheduleFactorised(attention, carry, true, choices),
  rowsApart: false,
})

/** The planner as the model of devices has it. */
export const workgroupPlanner = plannerBy(modelChoices)

/** Whether large tiles are filled: by many rows, by the keys of a tile, and by a mask that shows all of most tiles. */
const hasManyPairs = ({ queries, keys, mask, columns }: Attend): boolean =>
  (queries.count === 'length' || queries.count === 'keyLength') &&
  mask.kind !== 'condition' &&
  (typeof keys.count !== 'number' || keys.count >= attentionTile(columns).steps)

/** Attention in tiles, which the operation may decide. */
export function attentionIn(
  tile: (from: Attend) => Tile,
  choices = modelChoices,
): Pick<Planner, 'attend' | 'sums' | 'attendEither'> {
  const one = (from: Attend): OnlinePass => online(from, tile(from))
  return {
    attend: (from) =>
      hasFewQueries(from) ? attendInParts(from, tile(from), choices) : { passes: [one(from)], buffers: [] },
    sums: (from) => sumsOfRows(from, tile),
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
    name: `append_${from.buffer}`,
    extent: [width, 'length', 'sliceCount'],
    value: load(from.buffer, entryOf(from, head, y, width, x)),
    out: to,
    place: entryOf(cached, head, add(head.firstPosition, y), width, x),
    what: `the new rows of ${from.buffer}, behind those in ${to}`,
  })
}
