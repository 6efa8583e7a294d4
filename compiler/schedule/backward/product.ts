/** The adjoint of a product of matrices: G·rightᵀ to the left one, and leftᵀ·G to the right one. */
import type { Product } from '../../algebra/attention.ts'
import { isGiven } from '../../algebra/facts.ts'
import { lengthOfRows } from '../cells/product.ts'
import { add, choose, load, lt, mul, named, sum } from '../equation/build.ts'
import { entryOf, rowOf } from '../equation/heads.ts'
import { matrixOf, placeOf, widthOf } from '../strategies/steps.ts'
import type { Adjoint, Entry } from './adjoint.ts'

/** Contributions alone. */
export function adjointOfProduct(step: Product, cotangent: Entry): Adjoint {
  const over = isGiven(step) ? 'head' : 'sliceQueryHead'
  const [left, right] = [matrixOf(step.left), placeOf(step.right)]
  const columns = widthOf(step)
  const toRight: Entry = (head, row, column) => {
    const rowLength = named('rowLength', lengthOfRows(left, right))
    return sum('i', left.count, (i) =>
      mul(load(left.buffer, add(mul(rowOf(left, head, i), rowLength), row)), cotangent(head, i, column)),
    )
  }
  const toLeft: Entry = (head, row, column) => {
    const entry = sum('t', columns, (t) =>
      mul(cotangent(head, row, t), load(right.buffer, entryOf(right, head, column, columns, t))),
    )
    // Rows of weights are as long as they come.
    return right.count === 'visible' ? choose(lt(column, head.visible), entry, 0) : entry
  }
  return {
    passes: [],
    buffers: [],
    contributions: [
      { to: step.right, over, entry: toRight },
      { to: step.left, over, entry: toLeft },
    ],
  }
}
