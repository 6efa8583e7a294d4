/**
 * The state of a chunk in its buffer: S row-major [r × dv], z [r], and, where
 * sums are scaled, the log-scale of each feature within the chunk and of all
 * before it (two places, so that a scan may write the one while others still
 * read the other).
 */
import { carriedSize, stateSize } from '../../schedule/schedule.ts'
import type { Scaling, Schedule } from '../../schedule/schedule.ts'
import { add, mul, shape } from '../build.ts'
import type { Value } from '../kernel.ts'
import { owner } from './frame.ts'

/**
 * Indexes into the state buffer; `start` is the first number of a chunk's state, and the other functions
 * count from it.
 */
export interface StateLayout {
  /** Numbers of S and z together, which a scan adds up. */
  readonly sums: number
  /** Start of a chunk's state; needs the name `slice`. */
  readonly start: (chunk: Value) => Value
  readonly s: (start: Value, feature: Value, column: Value) => Value
  readonly z: (start: Value, feature: Value) => Value
  readonly scale: (start: Value, feature: Value) => Value
  readonly scaleBefore: (start: Value, feature: Value) => Value
  /** In the buffer `carried`: the state after all rows, of the group; S and z, then the scales. */
  readonly carriedStart: Value
  /** In the buffer `total`: the plain state after all rows, of the slice's group; S and z. */
  readonly totalStart: Value
}

/**
 * The layout of a state with r = `features` rows and dv = `valueDim` columns; the two scales exist only
 * where sums are scaled.
 */
export function stateLayout({ features, valueDim }: Schedule, scaling: Scaling): StateLayout {
  const sums = features * (valueDim + 1)
  const size = stateSize(features, valueDim, scaling)
  return {
    sums,
    start: (chunk) => mul(add(mul(owner.slice, shape('chunks')), chunk), size),
    s: (start, feature, column) => add(start, mul(feature, valueDim), column),
    z: (start, feature) => add(start, features * valueDim, feature),
    scale: (start, feature) => add(start, sums, feature),
    scaleBefore: (start, feature) => add(start, sums + features, feature),
    carriedStart: mul(owner.group, carriedSize(features, valueDim, scaling)),
    totalStart: mul(owner.slice, sums),
  }
}
