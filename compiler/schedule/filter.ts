/**
 * Rows of the call behind a causal convolution, as equations. In decoding the rows before those of the call come from a
 * ring of taps − 1 rows, in which that of position p has the place p mod (taps − 1): so none has to move when others
 * come.
 */
import { declaredBuffer } from '../../runtime/contract/tensors.ts'
import type { Filtered } from '../algebra/attention.ts'
import { invariant } from '../diagnostics/invariant.ts'
import { keyRows, product, queryRows, valueRows } from './buffers.ts'
import { placeOfData } from './data.ts'
import {
  add,
  bufferLength,
  choose,
  ge,
  load,
  lt,
  mod,
  mul,
  named,
  real,
  size,
  sub,
  termsOf,
  x,
  y,
  z,
} from './equation/build.ts'
import { entryOf, headAt } from './equation/heads.ts'
import type { Head } from './equation/heads.ts'
import { equationPass } from './equation/plan.ts'
import type { EquationPass, Formula } from './equation.ts'
import type { BufferPlan, Rows } from './schedule.ts'

const rowsOfCall = ({ rows }: Filtered): Rows => ({ q: queryRows, k: keyRows, v: valueRows })[rows.of]

const ringOf = ({ rows }: Filtered): string => `${rows.of}Before`

/** The rows of the call before those to come. */
export const ringBuffer = (step: Filtered): BufferPlan => ({
  name: ringOf(step),
  role: 'state',
  element: 'f32',
  size: product('batch', 'heads', (step.taps - 1) * step.width),
  layout: `per query head: the last ${step.taps - 1} rows of ${step.rows.of}, by position, [${step.width}]`,
})

/** Index of an entry of the row at a position, in the ring of a head. */
function inRing(step: Filtered, head: Head, position: Formula): Formula {
  const { taps, width } = step
  return add(mul(add(mul(head.group, taps - 1), mod(position, taps - 1)), width), x)
}

/** The pass that computes the rows of a step. */
export function filterPass(step: Filtered, decoding: boolean): EquationPass {
  const { name, width, taps, weights, bias, value, result } = step
  const head = headAt('heads', 'sliceQueryHead', z, { positions: decoding })
  const filter = placeOfData(weights, head, size(0))
  const weighed = Array.from({ length: taps }, (_, s) => {
    const weight = load(declaredBuffer(weights), add(filter, add(mul(x, taps), s)))
    return mul(weight, rowBefore(step, head, taps - 1 - s, decoding))
  })
  const at = add(placeOfData(bias, head, size(0)), x)
  const added = choose(lt(at, bufferLength(declaredBuffer(bias))), load(declaredBuffer(bias), at), 0)
  const [entry] = termsOf({
    expressions: [value],
    rows: {},
    scalars: { sum: named('sum', add(added, ...weighed)) },
  })
  invariant(entry !== undefined, 'an expression has a value')
  return equationPass({
    name: decoding ? `${name}_cached` : name,
    extent: [width, step.along, 'sliceCount'],
    value: entry,
    out: result,
    what: `rows of ${step.rows.of}, each with those before it`,
  })
}

/** An entry of the row that is `back` rows before that of the cell; 0 before the first. */
function rowBefore(step: Filtered, head: Head, back: number, decoding: boolean): Formula {
  const { buffer, ...rows } = rowsOfCall(step)
  const own = load(buffer, entryOf({ buffer, ...rows }, head, back === 0 ? y : sub(y, back), step.width, x))
  if (back === 0) return own
  const position = add(head.firstPosition, y)
  const earlier = decoding
    ? choose(ge(position, back), load(ringOf(step), inRing(step, head, sub(position, back))), 0)
    : real(0)
  return choose(ge(y, back), own, earlier)
}

/**
 * The pass that leaves the last rows of the call in the ring.
 *
 * @param token whether the call has one row of each item, which counts
 */
export function keepPass(step: Filtered, token: boolean): EquationPass {
  const { taps, width } = step
  const { buffer, ...rows } = rowsOfCall(step)
  const room = taps - 1
  const head = headAt('heads', 'sliceQueryHead', z, { positions: true, lengths: !token })
  const end = add(head.firstPosition, head.visible)
  // How many rows before the last that counts the row of this place is.
  const back = named('back', mod(sub(add(end, room - 1), y), room))
  const row = sub(sub(head.visible, 1), back)
  const place = inRing(step, head, y)
  return equationPass({
    name: token ? `keep_${step.rows.of}_token` : `keep_${step.rows.of}`,
    extent: [width, room, 'sliceCount'],
    value: choose(
      lt(back, head.visible),
      load(buffer, entryOf({ buffer, ...rows }, head, row, width, x)),
      load(ringOf(step), place),
    ),
    out: ringOf(step),
    place,
    what: `the last rows of ${step.rows.of}, for those to come`,
  })
}
