/** What a walk reads of a call: the rows of a chunk on either side, and the values of its keys. */
import type { Schedule, WalkPass } from '../../schedule/schedule.ts'
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { countedOf, positionsBy, u32Name, visible } from '../lower/frame.ts'
import type { Frame } from '../lower/frame.ts'
import { headMaximum, queryRowMaximum } from '../lower/maxima-layout.ts'
import { projectedOf } from '../lower/projected-layout.ts'
import { rowsFrom, rowsOfCall, rowStart } from '../lower/row-places.ts'
import type { ChunkRows } from './chunk-features.ts'
import { copyRows, matrixIn, roundedUp } from './panels.ts'
import { tileColumns } from './tile-product.ts'
import type { Panel } from './tile-product.ts'

/** The chunk's rows on one side; needs the name `first`, and for queries those of a head. */
export function rowsOf(
  schedule: Schedule,
  pass: WalkPass,
  { binding, counts }: Pick<Frame, 'binding' | 'counts'>,
  side: 'query' | 'key',
): ChunkRows {
  const ofQuery = side === 'query'
  const maximum = (row: Value): Value =>
    ofQuery ? ir.load(binding('maxima'), queryRowMaximum(row)) : headMaximum(binding('maxima'))
  return {
    side,
    buffer: binding(ofQuery ? 'q' : 'k'),
    places: rowsOfCall(side, schedule.dim),
    row: (place, lane) => ir.add(u32Name('first'), place, lane),
    there: ofQuery ? ir.shape('length') : visible,
    count: ofQuery ? countedOf(counts) : visible,
    position: positionsBy(counts),
    projection: pass.buffers.includes('w') ? binding('w') : undefined,
    projected: projectedOf(schedule, pass, binding, side),
    ...(pass.buffers.includes('maxima') ? { maximum } : {}),
  }
}

/** Values of a chunk's keys as the right side of a product. */
export interface Values {
  readonly shared: readonly SharedArray[]
  /** Makes them ready, for so many keys. */
  readonly fill: (k: Author, keys: Value) => void
  /** From a column on. */
  readonly panel: (column: Value) => Panel
}

/** The values as they lie in memory or, where their rows are no whole tiles, in a copy that has zeros behind each. */
export function valuesOf({ valueDim }: Schedule, { rows }: WalkPass, binding: Frame['binding']): Values {
  const v = binding('v')
  const places = rowsFrom(rowsOfCall('key', valueDim), u32Name('first'))
  const columns = roundedUp(valueDim, tileColumns)
  if (columns === valueDim) {
    const load = (index: Value): Value => ir.loadFour(v, index)
    return {
      shared: [],
      fill: () => undefined,
      panel: (column) => ({ load, start: ir.add(places.start, column), step: places.pitch, apart: 4 }),
    }
  }
  const copy: SharedArray = { name: 'values', element: 'f32', length: rows * columns }
  return {
    shared: [copy],
    fill: (k, keys) => {
      const matrix = matrixIn(v, valueDim, (row) => rowStart(places, row))
      k.use(copyRows({ prefix: 'value', matrix, rows: keys, into: copy, stride: columns, multiple: 1 }))
    },
    panel: (column) => ({
      load: (index) => ir.sharedLoadFour(copy, index),
      start: column,
      step: columns,
      apart: 4,
    }),
  }
}
