/**
 * The maxima that the papers' published code subtracts (`stabilize: max E`): of
 * each row over its features, then of a head's visible key rows. Exact arithmetic
 * needs neither; they exist for parity.
 */
import type { Size } from '../../runtime/contract/size.ts'
import type { Attention, FactorisedScore } from '../algebra/attention.ts'
import { product } from './buffers.ts'
import { add, larger, largest, load, mul, size, x, y } from './equation/build.ts'
import { headAt, queryHeadOf } from './equation/heads.ts'
import type { Head } from './equation/heads.ts'
import { equationPass } from './equation/plan.ts'
import type { EquationPass, Formula } from './equation.ts'
import { evaluateRow } from './feature-rows.ts'
import { exponentialsOf } from './maxima.ts'
import { headsOf } from './planner.ts'
import type { Plan } from './planner.ts'
import type { BufferPlan, Features } from './schedule.ts'
import { scaleRows } from './terms.ts'

type Side = Features['side']

/** Where the maxima lie: of query rows, of key rows, and of heads. */
interface Layout {
  readonly buffers: readonly BufferPlan[]
  readonly query: string
  readonly key: string
  readonly head: string
  /** Entry of a row's maximum, and of a head's; in the order of the cells where absent. */
  readonly placeOfRow?: (side: Side, head: Head, row: Formula) => Formula
  readonly placeOfHead?: (head: Head) => Formula
  /** Entry of a key row's maximum, for the head in cell x. */
  readonly keyRow: (head: Head, row: Formula) => Formula
}

/** Three buffers, each written in the order of its cells. */
export const apart: Layout = {
  buffers: [
    scratch('queryMaxima', product('length', headsOf('sliceQueryHead')), 'per query head: [rows]'),
    scratch('keyMaxima', product('keyLength', 'sliceCount'), 'per key/value head: [rows]'),
    scratch('headMaxima', 'sliceCount', '[key/value heads]'),
  ],
  query: 'queryMaxima',
  key: 'keyMaxima',
  head: 'headMaxima',
  keyRow: (head, row) => add(mul(head.at, size('keyLength')), row),
}

const queryRows = product('batch', 'heads', 'length')
const keyRows = product('batch', 'kvHeads', 'keyLength')
const firstHead: Size = ['+', queryRows, keyRows]

/** One buffer for all, since a pass has room for few: of query rows, then of key rows, then of heads. */
export const together: Layout = {
  buffers: [
    scratch(
      'maxima',
      ['+', firstHead, product('batch', 'kvHeads')],
      'of query rows [B, H, L], of key rows [B, KVH, S], of heads [B, KVH]',
    ),
  ],
  query: 'maxima',
  key: 'maxima',
  head: 'maxima',
  placeOfRow: (side, head, row) =>
    side === 'query' ? add(mul(queryHeadOf(head), size('length')), row) : keyRowTogether(head, row),
  placeOfHead: (head) => add(size(firstHead), head.keyGroup),
  keyRow: keyRowTogether,
}

function keyRowTogether(head: Head, row: Formula): Formula {
  return add(size(queryRows), add(mul(head.keyGroup, size('keyLength')), row))
}

/** Row maxima of the projected exponents on either side, then the keys' over each head. */
export function maximaPasses(attention: Attention, score: FactorisedScore, layout: Layout): Plan {
  const head = headAt('kvHeads', 'sliceKeyHead', x, { lengths: true })
  return {
    passes: [
      rowMaxima(attention, score, 'query', layout),
      rowMaxima(attention, score, 'key', layout),
      equationPass({
        name: 'head_maximum',
        extent: ['sliceCount', 1, 1],
        value: largest('row', head.visible, (row) => load(layout.key, layout.keyRow(head, row))),
        out: layout.head,
        ...(layout.placeOfHead && { place: layout.placeOfHead(head) }),
        what: 'the largest of each head’s visible key rows',
      }),
    ],
    buffers: layout.buffers,
  }
}

function rowMaxima(
  { dim, scale }: Attention,
  score: FactorisedScore,
  side: Side,
  layout: Layout,
): EquationPass {
  const queries = side === 'query'
  const projected = score.projections !== undefined
  const head = headAt('kvHeads', queries ? 'sliceQueryHead' : 'sliceKeyHead', y, { lengths: true })
  const row = { side, head, row: x, maxima: false, dim }
  const blocks = score[side].flatMap(({ value, size: count }) =>
    exponentialsOf(value).map((part) =>
      largest(
        'component',
        count,
        (component) => evaluateRow(row, { projected }, component, [scaleRows(part, scale)])[0] as Formula,
      ),
    ),
  )
  return equationPass({
    name: `${side}_maxima`,
    extent: [queries ? 'length' : 'keyLength', headsOf(queries ? 'sliceQueryHead' : 'sliceKeyHead'), 1],
    value: blocks.reduce((all, one) => larger(all, one)),
    out: layout[side],
    ...(layout.placeOfRow && { place: layout.placeOfRow(side, head, x) }),
    what: `the largest projected exponent of each ${side} row`,
  })
}

function scratch(name: string, count: Size, layout: string): BufferPlan {
  return { name, role: 'scratch', element: 'f32', size: count, layout }
}
