/**
 * Rows that *finish* leaves, since their plain sums may have lost digits: a thread for each computes it anew. Such
 * rows are rare; what matters is that the others cost next to nothing.
 */
import type { FinishPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { SharedArray, Value } from '../kernel.ts'
import type { ChunkRows } from './chunk.ts'
import { u32Name } from './frame.ts'
import type { Frame } from './frame.ts'
import { mendRow } from './mend-row.ts'
import { isWhole } from './readout.ts'
import { columnGroup, extent, fourLanes, lanes } from './tile.ts'

/** The denominators of the tile's rows: where one is too small, its row is mended. */
const denominatorsOf = ({ tile }: FinishPass): SharedArray => ({
  name: 'denominators',
  element: 'f32',
  length: tile.rows,
})

/** The shared arrays that mending needs: none in a pass that mends no rows. */
export const mendingArrays = (pass: FinishPass): readonly SharedArray[] =>
  pass.mended === undefined ? [] : [denominatorsOf(pass)]

/** Computes the rows that *finish* leaves; records nothing in a pass that mends no rows. */
export function mendRows(
  k: Author,
  schedule: Schedule,
  pass: FinishPass,
  frame: Pick<Frame, 'binding' | 'counts'>,
  firstRow: Value,
  rows: readonly ChunkRows[],
): void {
  const { mended, tile } = pass
  if (mended === undefined) return
  const denominators = denominatorsOf(pass)
  k.comment('rows whose sums may have lost digits')
  k.if(ir.eq(columnGroup, 0), () => {
    for (const { group, total } of rows)
      for (const lane of fourLanes)
        k.sharedStore(denominators, ir.add(ir.mul(group, lanes), lane), ir.lane(total, lane))
  })
  k.barrier()
  const row = k.let('ownRow', ir.add(firstRow, ir.thread))
  const exists = ir.lt(row, ir.shape('length'))
  k.if(tile.threads === tile.rows ? exists : ir.and(ir.lt(ir.thread, tile.rows), exists), () =>
    k.if(ir.not(isWhole(pass, ir.sharedLoad(denominators, ir.thread))), () => {
      const firstColumn = k.let('firstOfTile', ir.mul(u32Name('valueTile'), tile.columns))
      const { valueDim } = schedule
      const columns =
        valueDim === tile.columns ? valueDim : extent(firstColumn, ir.u32(valueDim), tile.columns)
      mendRow(k, schedule, { ...pass, ...mended }, frame, { row, firstColumn, columns })
    }),
  )
}
