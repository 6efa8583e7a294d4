/**
 * The buffer of the papers' maxima: one per query row [B, H, L], one per key
 * row [B, KVH, S], one per key/value head [B, KVH].
 */
import { add, load, mul, shape } from '../build.ts'
import type { Binding, Value } from '../kernel.ts'
import { owner } from './frame.ts'

const queryRows = mul(mul(shape('batch'), shape('heads')), shape('length'))
const groups = mul(shape('batch'), shape('kvHeads'))
const keyRows = mul(groups, shape('keyLength'))

/** Index of the maximum of a row of the workgroup's query head: the query rows come first. */
export const queryRowMaximum = (row: Value): Value => add(mul(owner.queryHead, shape('length')), row)

/**
 * The maximum over a head's visible keys and features (f32), behind those of all query and key rows; needs the name
 * `group`.
 */
export const headMaximum = (maxima: Binding): Value => load(maxima, add(queryRows, keyRows, owner.group))
