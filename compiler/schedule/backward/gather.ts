/** Sums of contributions: the gradient of the rows of a step, or of a tensor of the call. */
import type { Attention, RowOperation } from '../../algebra/attention.ts'
import { keyRows, queryRows, valueRows } from '../buffers.ts'
import { add, choose, div, load, lt, mul, named, real, size, sub, sum, x, y, z } from '../equation/build.ts'
import { entryOf, headAt } from '../equation/heads.ts'
import { headsOfGroup, roomFor } from '../operands.ts'
import type { Head } from '../equation/heads.ts'
import { equationPass, writing } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { headsOf } from '../planner.ts'
import type { Plan } from '../planner.ts'
import type { Over, Rows } from '../schedule.ts'
import { placeOf, widthOf } from '../strategies/steps.ts'
import type { Contribution, Entry } from './adjoint.ts'
import { ownersOf } from './attend-plan.ts'

/** The sum of the contributions to an entry of the head in place z. */
function total(over: Over, contributions: readonly Contribution[], row: Formula, column: Formula): Formula {
  const summands = contributions.map((one) => ofHeads(over, one, row, column))
  const [first, ...others] = summands
  if (first === undefined) return real(0)
  return others.length === 0 ? first : add(first, ...others)
}

/** A contribution, added up over the heads that share the row. */
function ofHeads(over: Over, { over: own, entry }: Contribution, row: Formula, column: Formula): Formula {
  const at = (place: Formula): Head => headAt('kvHeads', own, place, { lengths: own !== 'head' })
  if (own === over) return entry(at(z), row, column)
  if (over === 'sliceKeyHead') {
    const members = named('members', size(['ceildiv', 'heads', 'kvHeads']))
    return sum('member', members, (member) => entry(at(add(mul(z, members), member)), row, column))
  }
  return overItems(z, (place) => entry(at(place), row, column))
}

/** Σ over the query heads of the slice that are head `head` of their batch item, by their places in the slice. */
export function overItems(head: Formula, of: (place: Formula) => Formula): Formula {
  const heads = size('heads')
  const first = named('firstHead', mul(size('sliceStart'), size(headsOfGroup)))
  const end = add(first, size(headsOf('sliceQueryHead')))
  const itemsBefore = (place: Formula): Formula => div(sub(add(place, heads), add(head, 1)), heads)
  const firstItem = named('firstItem', itemsBefore(first))
  const items = named('items', sub(itemsBefore(end), firstItem))
  return sum('item', items, (item) =>
    of(named('place', sub(add(mul(add(firstItem, item), heads), head), first))),
  )
}

/** The gradient of the rows of a step, in a buffer. */
export function gather(
  step: RowOperation,
  contributions: readonly Contribution[],
): Plan & { readonly entry: Entry } {
  const rows = placeOf(step)
  const columns = widthOf(step)
  const over = ownersOf(rows)
  const buffer = `${step.result}Gradient`
  const gradient: Rows = { ...rows, buffer }
  const extent = [columns, roomFor(rows.count), headsOf(over)] as const
  return {
    entry: (head, row, column) => load(buffer, entryOf(gradient, head, row, columns, column)),
    ...writing(
      {
        name: `gradient_of_${step.name}`,
        extent,
        value: total(over, contributions, y, x),
        out: buffer,
        what: `the gradient of ${rows.buffer}`,
      },
      `like ${rows.buffer}: [${columns}]`,
    ),
  }
}

/** Writes `dq`, `dk` or `dv`. Key rows past an item's last one have none. */
export function gradientPass(
  { dim, valueDim }: Attention,
  name: 'q' | 'k' | 'v',
  contributions: readonly Contribution[],
): Plan {
  const rows = { q: queryRows, k: keyRows, v: valueRows }[name]
  const over = ownersOf(rows)
  const head = headAt('kvHeads', over, z, { lengths: true })
  const columns = name === 'v' ? valueDim : dim
  const value = total(over, contributions, y, x)
  const word = { q: 'query', k: 'key', v: 'value' }[name]
  return {
    passes: [
      equationPass({
        name: `${word}_gradient`,
        extent: [columns, roomFor(rows.count), headsOf(over)],
        value: name === 'q' ? value : choose(lt(y, head.visible), value, 0),
        out: `d${name}`,
        place: entryOf({ ...rows, buffer: `d${name}` }, head, y, columns, x),
        what: `the gradient of each ${word} row`,
      }),
    ],
    buffers: [],
  }
}
