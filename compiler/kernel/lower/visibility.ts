/**
 * Which pairs of a tile are seen: keys that there are, and of those the ones that
 * the mask shows. A tile in which it shows none is left out, and in one in which
 * it shows all it is not asked pair by pair.
 */
import type { OnlinePass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { Value } from '../kernel.ts'
import { excess, inWords } from '../../symbolic/index-arithmetic.ts'
import { visible } from './frame.ts'
import { conditionValue } from './mask.ts'
import { truth } from './mask-bounds.ts'
import type { Bounds } from './mask-bounds.ts'
import { widen } from './operators.ts'

/** The mask and the tile geometry of a pass: a tile pairs `rows` query rows with `keys` key rows. */
export interface Tiles {
  readonly mask: OnlinePass['mask']
  readonly rows: number
  readonly keys: number
  /** The tile's first row. */
  readonly firstRow: Value
  /** The thread's row of a lane. */
  readonly rowAt: (lane: number) => Value
  /** A row's number among the keys. */
  readonly numbered: (row: Value) => Value
  /** Past the last key that there is. */
  readonly end: Value
}

/** The mask's code for one tile of keys. */
export interface Visibility {
  /** The tile's work, unless it shows nothing. */
  readonly unlessEmpty: (body: Body) => Body
  /** What `hidden` asks for first. */
  readonly names: Body
  /** The values of some keys' pairs, `absent` where they are not seen: a register each. */
  readonly hidden: (
    word: string,
    keys: readonly Value[],
    values: readonly Value[],
    absent: number,
  ) => { readonly registers: readonly Value[]; readonly statements: Body }
}

/**
 * Builds the mask's code for the tile of keys that starts at `from`: whether to skip the tile, and which
 * pairs to hide.
 */
export function visibility(
  { mask, rows, keys, firstRow, rowAt, numbered, end }: Tiles,
  from: Value,
): Visibility {
  const signed = (value: Value): Value => ir.convert('i32', value)

  const seen = (key: Value, lane: number): Value => {
    const there = ir.lt(key, end)
    if (mask.kind === 'none') return there
    if (mask.kind === 'causal') return ir.and(there, ir.le(key, numbered(rowAt(lane))))
    const names: Record<string, Value> = { i: rowAt(lane), j: key, length: visible }
    return ir.and(
      there,
      conditionValue(mask.condition, (name) => signed(names[name] ?? ir.u32(0))),
    )
  }
  const masked = (key: Value, value: Value, absent: number): Value => {
    const at = (lane: 0 | 1 | 2 | 3): Value => ir.select(seen(key, lane), ir.lane(value, lane), absent)
    return ir.vec4(at(0), at(1), at(2), at(3))
  }

  const limit = mask.kind === 'condition' ? excess(mask.condition, inWords) : undefined
  // A tile may go on behind the last row, and the integers of one behind a limit would wrap.
  const within = (row: Value): Value => (limit === undefined ? row : ir.call('min', row, limit.longest - 1))
  const between = (low: Value, high: Value): Bounds => {
    const first = signed(low)
    return { low: first, high: low === high ? first : signed(high) }
  }
  const corners: Record<string, Bounds> = {
    i: between(firstRow, within(ir.add(firstRow, rows - 1))),
    j: between(from, within(ir.add(from, keys - 1))),
    length: between(visible, visible),
  }
  const ofTile =
    mask.kind === 'condition'
      ? truth(mask.condition, (name) => corners[name] ?? between(ir.u32(0), ir.u32(0)))
      : undefined
  const whole =
    ofTile === undefined || ofTile.must.kind === 'number'
      ? undefined
      : ir.let_('allSeen', ir.and(ofTile.must, ir.le(ir.add(from, keys), end)))

  return {
    unlessEmpty: (body) => (ofTile === undefined ? body : ir.if_(ofTile.may, body)),
    names: whole ?? [],
    hidden: (word, numbers, values, absent) => {
      const pairs = values.map((value, item) => ({ key: numbers[item] ?? from, value: widen(value) }))
      if (whole === undefined) {
        const names = pairs.map(({ key, value }, item) =>
          ir.let_(`${word}${item}`, masked(key, value, absent)),
        )
        return { registers: names.map(ir.ref), statements: names }
      }
      const names = pairs.map(({ value }, item) => ir.var_(`${word}${item}`, value))
      const registers = names.map(ir.ref)
      const hide = registers.map((register, item) =>
        ir.assign(register, masked(numbers[item] ?? from, register, absent)),
      )
      return { registers, statements: [names, ir.if_(ir.not(ir.ref(whole)), hide)] }
    },
  }
}
