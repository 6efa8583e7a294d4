/** Where cotangents of rows lie that a walk for gradients leaves for the next one: three matrices, one behind the other. */
import type { Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'
import { headsOf, owner } from '../lower/frame.ts'

/** Indexes of the workgroup's query head in `rowCotangents`. */
export interface CotangentLayout {
  /** Of a row's first number, of as many as a value row has. */
  readonly row: (row: Value) => Value
  /** Of the cotangent of a row's denominator. */
  readonly total: (row: Value) => Value
  /** Of the log-scale that a row's weights are over, where sums are scaled. */
  readonly scale: (row: Value) => Value
}

/** The query head of the workgroup among those of the slice; needs `slice` and `headInGroup`. */
export const headOfSlice = ({ groups }: Pick<Schedule, 'groups'>): Value =>
  groups === 'heads' ? owner.slice : ir.add(ir.mul(owner.slice, headsOf(groups)), owner.headInGroup)

/** [query heads, L, valueDim], [query heads, L], [query heads, L]. */
export function cotangentLayout({ groups, valueDim }: Schedule): CotangentLayout {
  const length = ir.shape('length')
  const rows = ir.mul(ir.mul(ir.shape('sliceCount'), headsOf(groups)), length)
  const at = (row: Value): Value => ir.add(ir.mul(headOfSlice({ groups }), length), row)
  return {
    row: (row) => ir.mul(at(row), valueDim),
    total: (row) => ir.add(ir.mul(rows, valueDim), at(row)),
    scale: (row) => ir.add(ir.mul(rows, valueDim + 1), at(row)),
  }
}
