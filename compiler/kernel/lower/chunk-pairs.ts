/**
 * The pairs inside a chunk, where the attention is causal: their scores add up tile of features by tile of features
 * in registers, four rows by four keys a thread; then they pass through shared memory as weights of the values.
 */
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { hasCoefficient } from './chunk.ts'
import type { Chunk, ChunkRows, FeatureTile } from './chunk.ts'
import { rowsFrom, rowsOfCall, rowStart } from './row-places.ts'
import { contract } from './tile-product.ts'
import { columnGroup, fourLanes, inLanes, lanes, nth, place, range, rowGroup, rowNumbers } from './tile.ts'
import type { Columns, Lane } from './tile.ts'

/**
 * Adds component f's part of φ(q_i)·φ(k_j) to the scores; scaled sums are measured by the rows' scales.
 *
 * @param queries φ(q) of component f, for each of the thread's row groups, where sums are not scaled
 */
export function addScores(
  k: Author,
  chunk: Chunk,
  { block }: FeatureTile,
  f: Value,
  queries: readonly Value[],
): void {
  const { arrays, pass, rows } = chunk
  const key = k.let('ofKey', ir.sharedLoad(arrays.key, place(f, columnGroup)))
  const coefficient = (side: 'query' | 'key', name: string, group: Value): Value | undefined => {
    if (!hasCoefficient(pass[side].blocks[block])) return undefined
    const array = side === 'query' ? arrays.queryCoefficient : arrays.keyCoefficient
    return k.let(name, ir.sharedLoad(array, place(f, group)))
  }
  const keyCoefficient = coefficient('key', 'kc', columnGroup)
  for (const [vector, { group, scores, scale }] of rows.entries()) {
    const query = scale && k.let(`ofQuery${vector}`, ir.sharedLoad(arrays.query, place(f, group)))
    const queryCoefficient = coefficient('query', `qc${vector}`, group)
    for (const item of fourLanes) {
      const ofKey = ir.splat(ir.lane(key, item))
      if (query === undefined) k.add(nth(scores, item), ir.mul(nth(queries, vector), ofKey))
      else {
        const power = scaledScore(chunk, nth(rows, vector), item, query, ofKey)
        const withQuery = queryCoefficient === undefined ? power : ir.mul(queryCoefficient, power)
        const score =
          keyCoefficient === undefined
            ? withQuery
            : ir.mul(withQuery, ir.splat(ir.lane(keyCoefficient, item)))
        k.add(nth(scores, item), score)
      }
    }
  }
}

/** 2^(exponent of q + exponent of k − scale of the row), for a row group and a key. */
function scaledScore(
  { action }: Chunk,
  { group, scale }: ChunkRows,
  item: Lane,
  query: Value,
  ofKey: Value,
): Value {
  const key = ir.convert('f32', ir.add(ir.mul(columnGroup, lanes), item))
  const since = action.after(ir.sub(rowNumbers(0, group), ir.splat(key)))
  const together = ir.add(scale === undefined ? query : ir.sub(query, scale), ofKey)
  // Positive only for keys that the row does not see, whose scores are dropped.
  return ir.call('exp2', ir.call('min', since.lower(together), 0))
}

/** Adds the values of the chunk's keys to the sums, each row seeing the keys up to its own. */
export function addPairs(k: Author, chunk: Chunk, columns: Columns, pairs: SharedArray, keys: Value): void {
  const { schedule, binding, firstRow, rows } = chunk
  k.comment('pairs inside the chunk: key j for rows i ≥ j')
  for (const item of range(lanes)) storePairs(k, chunk, pairs, item)
  k.barrier()
  // Rows of a thread see no key behind the last of them.
  const end = ir.call('min', keys, ir.mul(ir.add(rowGroup, 1), rows.length * lanes))
  const values = rowsFrom(rowsOfCall('key', schedule.valueDim), firstRow)
  contract(k, 'j', end, rows, (j) => {
    const weights = rows.map(({ group }, vector) =>
      k.let(`pair${vector}`, ir.sharedLoad(pairs, place(j, group))),
    )
    const start = rowStart(values, j)
    return { weights, entries: columns.load(k, binding('v'), start) }
  })
}

/** Stores the scores of one of the thread's keys, 0 for rows before the key. */
function storePairs(k: Author, { rows, action, scaled }: Chunk, pairs: SharedArray, item: number): void {
  const key = k.let(`key${item}`, ir.add(ir.mul(columnGroup, lanes), item))
  for (const [vector, { group, scores }] of rows.entries()) {
    const sum = nth(scores, item)
    const since = action.after(ir.sub(rowNumbers(0, group), ir.splat(ir.convert('f32', key))))
    const score = k.let(`score${vector * lanes + item}`, scaled ? sum : since.shrink(sum))
    const seen = inLanes((lane) =>
      ir.select(ir.le(key, ir.add(ir.mul(group, lanes), lane)), ir.lane(score, lane), 0),
    )
    k.sharedStore(pairs, place(key, group), seen)
  }
}
