/** Which pairs of a chunk a thread has, and the registers of their scores. */
import type { FinishPass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import { lowest } from '../kernel.ts'
import { rowsOfGroup, setsOf, vectors } from './chunk.ts'
import type { Chunk, FarPairs, NearPairs } from './chunk.ts'
import { across, lanes, nth, range, split } from './tile.ts'

/** Fours of rows, and of keys, of a row group. */
const foursOfGroup = rowsOfGroup / lanes

/** Declares a thread's pairs. */
export const declarePairs = (k: Author, pass: FinishPass): NonNullable<Chunk['pairs']> => ({
  far: declareFar(k, pass),
  near: declareNear(k, pass),
})

/**
 * A row group sees all keys of earlier groups, so that the first group and the last one see as many of them as the second
 * and the last but one, and so on: the blocks of each two are shared by the threads of two row groups, in order. A block
 * has all rows of its group where threads are as many; where they are more, four of them.
 */
function declareFar(k: Author, { tile, scaling }: FinishPass): FarPairs {
  const groups = tile.rows / rowsOfGroup
  const threads = 2 * across(tile)
  const most = (groups - 1) * foursOfGroup
  const count = most * vectors <= threads ? 1 : vectors
  const parts = vectors / count
  const pair = k.let('farPair', ir.div(ir.thread, threads))
  const own = k.let('farBlock', ir.mod(ir.thread, threads))
  const ofFirst = k.let('farOfFirst', ir.mul(pair, foursOfGroup * parts))
  const isFirst = ir.lt(own, ofFirst)
  const group = k.let('farGroup', ir.select(isFirst, pair, ir.sub(ir.u32(groups - 1), pair)))
  const block = k.let('blockOfGroup', ir.select(isFirst, own, ir.sub(own, ofFirst)))
  const before = ir.mul(group, foursOfGroup)
  const keys = k.let('farKeys', ir.call('min', ir.div(block, parts), tile.rows / lanes - 1))
  const rows = k.let('farRows', parts === 1 ? before : ir.add(before, ir.mod(block, parts)))
  const scores = split(k.registers('far', 'vec4f', count * lanes), count)
  const scales = scaling === 'scaled' ? k.registers('farScale', 'vec4f', count, lowest) : []
  return {
    exist: ir.lt(block, ir.mul(before, parts)),
    group,
    rows: range(count).map((vector) => ({
      four: { of: rows, more: vector },
      scores: nth(scores, vector),
      scale: scales[vector],
    })),
    keys: { of: keys, more: 0 },
  }
}

/** Four rows of a group by four keys of it, which a set of threads has all of. */
function declareNear(k: Author, { tile, scaling }: FinishPass): NearPairs {
  const pairs = tile.threads / setsOf(tile)
  const own = k.let('nearPair', ir.mod(ir.thread, pairs))
  const rows = k.let('nearRows', ir.div(own, foursOfGroup))
  const keys = k.let(
    'nearKeysOfGroup',
    ir.add(ir.mul(ir.div(rows, foursOfGroup), foursOfGroup), ir.mod(own, foursOfGroup)),
  )
  return {
    set: k.let('nearSet', ir.div(ir.thread, pairs)),
    rows: { of: rows, more: 0 },
    keys: { of: keys, more: 0 },
    scores: k.registers('near', 'vec4f', lanes),
    scale: scaling === 'scaled' ? k.var('nearScale', ir.splat(lowest)) : undefined,
  }
}
