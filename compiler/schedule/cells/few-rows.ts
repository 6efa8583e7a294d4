/**
 * Batch items that are too short for steps in between are exact: their keys or their
 * queries are few, so that a cell computes its quotient alone, with κ of each
 * pair evaluated twice. Rows of other items are copied.
 */
import type { Attention } from '../../algebra/attention.ts'
import {
  add,
  choose,
  inverse,
  largest,
  le,
  load,
  mul,
  named,
  over,
  powerOf,
  size,
  smaller,
  x,
  y,
  z,
} from '../equation/build.ts'
import { entryOf, headAt } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import type { EquationPass, Formula } from '../equation.ts'
import { lowest } from '../equation.ts'
import { keyRows, queryRows, valueRows } from '../buffers.ts'
import { addEpilogue, andEpilogue } from '../epilogue.ts'
import type { Epilogue } from '../operands.ts'
import type { Term } from '../schedule.ts'
import { pairOf, seenBy } from './pairs.ts'
import type { Pairs } from './pairs.ts'
import { equationPass, sliceHeads } from '../equation/plan.ts'

/** Writes `out`: the exact quotient in batch items of at most `most` rows, and a copy of `otherwise` in others. */
export function fewRowsPass(from: {
  readonly attention: Attention
  readonly kernel: Term
  /** A batch item is exact if its query rows or its key rows are at most so many. */
  readonly most: number
  /** Buffer of the results of longer items. */
  readonly otherwise: string
  readonly epilogue?: Epilogue
}): EquationPass {
  const { attention, kernel, most, otherwise, epilogue } = from
  const { dim, valueDim, mask } = attention
  const head = headAt('kvHeads', 'sliceQueryHead', z, { lengths: true })
  const pairs: Pairs = { kernel, mask, queries: queryRows, keys: keyRows, dim }
  const few = le(named('fewer', smaller(head.counted, head.visible)), most)
  const kept = load(otherwise, add(mul(add(mul(z, size('length')), y), valueDim), x))
  const quotient = choose(few, exactQuotient(pairs, head, valueDim), kept)
  return equationPass({
    name: 'attend_rows',
    extent: [valueDim, 'length', sliceHeads('kvHeads')],
    value: addEpilogue(quotient, epilogue, head, { row: y, column: x, columns: valueDim }),
    out: 'out',
    what: `the rows of ${otherwise}, or the exact quotients of batch items with at most ${most} rows${andEpilogue(epilogue)}`,
  })
}

/** Σ κ(q, k) v / Σ κ(q, k) of one column. */
function exactQuotient(pairs: Pairs, head: Head, valueDim: number): Formula {
  const scaled = pairs.kernel.kind === 'scaled'
  const score = (j: Formula): Formula =>
    choose(seenBy(pairs, head, y, j), pairOf(pairs, head, y, j).value, scaled ? lowest : 0)
  const scale = scaled ? largest('j', head.visible, score, 'rowScale') : undefined
  const weigh = (j: Formula): Formula => {
    const { value, coefficient } = pairOf(pairs, head, y, j)
    const power = scale === undefined ? value : powerOf(value, scale)
    return named('weight', coefficient === undefined ? power : mul(coefficient, power))
  }
  const [numerator, total] = over(
    'j',
    head.visible,
    (j) => {
      const weight = weigh(j)
      const value = load('v', entryOf(valueRows, head, j, valueDim, x))
      return [
        { name: 'sum', operator: 'sum', value: mul(weight, value) },
        { name: 'total', operator: 'sum', value: weight },
      ]
    },
    (j) => seenBy(pairs, head, y, j),
  )
  return mul(numerator as Formula, inverse(total as Formula))
}
