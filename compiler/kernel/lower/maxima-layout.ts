/**
 * The buffer of the papers' maxima: one per query row [B, H, L], one per key
 * row [B, KVH, S], one per key/value head [B, KVH].
 */
import { add, load, mul, shape } from '../build.ts'
import type { Binding, Value } from '../kernel.ts'
import { u32Name } from './frame.ts'

const queryRows = mul(mul(shape('batch'), shape('heads')), shape('length'))
const groups = mul(shape('batch'), shape('kvHeads'))
const keyRows = mul(groups, shape('keyLength'))

export const queryRowMaximum = (row: Value): Value => row
export const headMaximumIndex: Value = add(queryRows, keyRows, u32Name('group'))

/** The maximum over a head's visible keys and features; needs `group`. */
export const headMaximum = (maxima: Binding): Value => load(maxima, headMaximumIndex)
