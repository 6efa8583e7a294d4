/**
 * The running log-scale of query rows while tiles of features pass by.
 *
 * A feature's scale at row i is the largest exponent of a key that row i sees:
 * of all before the chunk, and of the chunk's keys up to i. A row's scale is
 * the largest, over features, of its own exponent plus the feature's scale.
 * Sums so far shrink when it grows. Nothing that is exponentiated is positive.
 */
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Value } from '../kernel.ts'
import { hasCoefficient } from './chunk.ts'
import type { Chunk, ChunkRows, FeatureTile } from './chunk.ts'
import { raised, raiseScale } from './running-scale.ts'
import { columnGroup, inLanes, place, range, rowNumbers, side } from './tile.ts'

/**
 * Takes a tile's exponents into the rows' scales, shrinks the sums, and leaves the weights of the state in
 * `arrays.scale`: coefficient · 2^(exponents − scale).
 */
export function raiseRowScales(k: Author, chunk: Chunk, tile: FeatureTile): void {
  const { pass, rows } = chunk
  k.comment('scales of the features down the rows, then of the rows')
  if (pass.causal) {
    runDown(k, chunk, tile)
    k.barrier()
  }
  for (const [vector, row] of rows.entries()) raiseRows(k, chunk, tile, row, vector)
  if (pass.causal) k.barrier()
  for (const item of range(pass.tile.steps / side)) weighState(k, chunk, tile, item)
  k.barrier()
}

/** The scale of a feature before the chunk, as of the row before it. */
const scaleBefore = ({ state, sinceState }: Chunk, feature: Value): Value =>
  sinceState.lower(ir.load(state.buffer, state.layout.scaleBefore(state.start, feature)))

/** Leaves each feature's scale at every row of the chunk: one thread a feature walks down the rows. */
function runDown(k: Author, chunk: Chunk, { first, count }: FeatureTile): void {
  const { arrays, action } = chunk
  k.if(ir.lt(ir.thread, count), () => {
    const running = k.var('running', scaleBefore(chunk, ir.add(first, ir.thread)))
    k.loop('rows4', 0, side, (group) => {
      const keys = k.let('keys4', ir.sharedLoad(arrays.key, place(ir.thread, group)))
      let last: Value = running
      const upTo = inLanes((lane) => {
        last = k.let(`upTo${lane}`, raised(action.row.lower(last), ir.lane(keys, lane)))
        return last
      })
      k.sharedStore(arrays.scale, place(ir.thread, group), upTo)
      k.set(running, last)
    })
  })
}

/** Raises the running scale of a row group by the exponents of its queries plus the scales of the features. */
function raiseRows(
  k: Author,
  chunk: Chunk,
  { first, count }: FeatureTile,
  { group, scale, sums, total, scores }: ChunkRows,
  vector: number,
): void {
  if (scale === undefined) return
  const { arrays, pass } = chunk
  const featureScale = (f: Value): Value =>
    pass.causal
      ? ir.sharedLoad(arrays.scale, place(f, group))
      : ir.splat(scaleBefore(chunk, ir.add(first, f)))
  const names = { before: `scaleSoFar${vector}`, shrink: `shrink${vector}` }
  raiseScale(k, { scale, sums: [...sums, total, ...scores], names }, (raise) =>
    k.loop('f', 0, count, (f) =>
      raise(ir.add(ir.sharedLoad(arrays.query, place(f, group)), featureScale(f))),
    ),
  )
}

/** Stores by how much a component weighs the state before the chunk, for the thread's rows. */
function weighState(k: Author, chunk: Chunk, { block, first, count }: FeatureTile, item: number): void {
  const { arrays, pass, action, rows } = chunk
  const component = k.let(`component${item}`, ir.add(ir.mul(columnGroup, pass.tile.steps / side), item))
  const before = ir.splat(scaleBefore(chunk, ir.add(first, component)))
  k.if(ir.lt(component, count), () => {
    for (const { group, scale } of rows) {
      if (scale === undefined) continue
      const at = place(component, group)
      const exponent = ir.sub(ir.add(ir.sharedLoad(arrays.query, at), before), scale)
      const power = ir.call('exp2', action.after(rowNumbers(1, group)).lower(exponent))
      const weight = hasCoefficient(pass.query.blocks[block])
        ? ir.mul(ir.sharedLoad(arrays.queryCoefficient, at), power)
        : power
      k.sharedStore(arrays.scale, at, weight)
    }
  })
}
