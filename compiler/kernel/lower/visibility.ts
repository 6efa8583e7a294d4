/**
 * Which pairs of a tile are seen: keys that there are, and of those the ones that
 * the mask shows. A tile in which it shows none is left out, and in one in which
 * it shows all it is not asked pair by pair.
 */
import type { OnlinePass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Target, Value } from '../kernel.ts'
import { excess, inWords } from '../../symbolic/index-arithmetic.ts'
import { visible } from './frame.ts'
import { conditionValue } from './mask.ts'
import { truth } from './mask-bounds.ts'
import type { Bounds, Truth } from './mask-bounds.ts'
import { inLanes, nth } from './tile.ts'
import type { Lane } from './tile.ts'

/** The mask and the tile geometry of a pass: a tile pairs `rows` query rows with `keys` key rows. */
export interface Tiles {
  readonly mask: OnlinePass['mask']
  readonly rows: number
  readonly keys: number
  /** The tile's first row. */
  readonly firstRow: Value
  /** The thread's row in a lane of one of its vectors. */
  readonly rowAt: (vector: number, lane: Lane) => Value
  /** A row's number among the keys. */
  readonly numbered: (row: Value) => Value
  /** Past the last key that there is. */
  readonly end: Value
}

/** The mask's code for one tile of keys. */
export interface Visibility {
  /** Whether the tile may show any pair. */
  readonly some: Value
  /** Declares what hiding asks first, and returns how pairs are hidden. */
  readonly declare: (k: Author) => Hide
}

/** Sets the scores of pairs that are not seen to `absent`. */
export type Hide = (scores: Scores, absent: number) => void

/** Scores of the thread's pairs, in variables. */
export interface Scores {
  readonly keys: readonly Value[]
  /** For each vector of rows, by key. */
  readonly values: readonly (readonly Target[])[]
}

/** Whether the mask shows key j to row i. */
export function maskShows(mask: OnlinePass['mask'], i: Value, j: Value): Value {
  if (mask.kind === 'none') return ir.bool(true)
  if (mask.kind === 'causal') return ir.le(j, i)
  const names: Record<string, Value> = { i, j, length: visible }
  return conditionValue(mask.condition, (name) => signed(names[name] ?? ir.u32(0)))
}

/**
 * Builds the mask's code for the tile of keys that starts at `from`: whether to skip the tile, and which
 * pairs to hide.
 */
export function visibility(tiles: Tiles, from: Value): Visibility {
  const { mask, keys, rowAt, numbered, end } = tiles
  const { may, must } = truthOfTile(tiles, from) ?? simpleTruth(tiles, from)
  const hideAll = (k: Author, scores: Scores, absent: number): void =>
    scores.values.forEach((values, vector) =>
      values.forEach((value, item) => {
        const key = nth(scores.keys, item)
        const shown = inLanes((lane) => {
          const seen = ir.and(ir.lt(key, end), maskShows(mask, numbered(rowAt(vector, lane)), key))
          return ir.select(seen, ir.lane(value, lane), absent)
        })
        k.set(value, shown)
      }),
    )
  return {
    some: may,
    declare: (k) => {
      if (must.kind === 'number' && must.value === 0) return (scores, absent) => hideAll(k, scores, absent)
      // Few tiles hide a pair; where it is known which do, the others ask no pair.
      const complete = ir.le(ir.add(from, keys), end)
      const whole = k.let('allSeen', must.kind === 'number' ? complete : ir.and(must, complete))
      return (scores, absent) => k.if(ir.not(whole), () => hideAll(k, scores, absent))
    },
  }
}

/** Of masks without a condition: keys past a tile's last row are left out beforehand. */
const simpleTruth = ({ mask, keys, firstRow, numbered }: Tiles, from: Value): Truth => ({
  may: ir.bool(true),
  must: mask.kind === 'causal' ? ir.le(ir.add(from, keys - 1), numbered(firstRow)) : ir.bool(true),
})

/** Whether a condition may hold for a pair of the tile, and whether it must for all; nothing for other masks. */
export function truthOfTile(
  { mask, rows, keys, firstRow, numbered }: Omit<Tiles, 'rowAt' | 'end'>,
  from: Value,
): Truth | undefined {
  if (mask.kind !== 'condition') return undefined
  const limit = excess(mask.condition, inWords)
  // A tile may go on behind the last row, and the integers of one behind a limit would wrap.
  const within = (row: Value): Value => (limit === undefined ? row : ir.call('min', row, limit.longest - 1))
  const between = (low: Value, high: Value): Bounds => {
    const first = signed(low)
    return { low: first, high: low === high ? first : signed(high) }
  }
  const corners: Record<string, Bounds> = {
    i: between(numbered(firstRow), within(numbered(ir.add(firstRow, rows - 1)))),
    j: between(from, within(ir.add(from, keys - 1))),
    length: between(visible, visible),
  }
  return truth(mask.condition, (name) => corners[name] ?? between(ir.u32(0), ir.u32(0)))
}

const signed = (value: Value): Value => ir.convert('i32', value)
