/**
 * A tile of *reduce*: components of a block by rows of a chunk, which threads fill with φ(k) in shared memory, over
 * the components' running scales where sums are scaled.
 */
import type { ReducePass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { exponentOf } from './exponents.ts'
import { prepareRows } from './features.ts'
import type { EvaluatedFeatures } from './features.ts'
import { visible } from './frame.ts'
import type { Elapsed } from './action.ts'
import type { Frame } from './frame.ts'
import { headMaximum } from './maxima-layout.ts'
import { widen } from './operators.ts'
import { projectedOf } from './projected-layout.ts'
import { rowsOfCall } from './row-places.ts'
import { raiseScale, relativeTo } from './running-scale.ts'
import { columnGroup, lanes, place, range, within } from './tile.ts'
import type { Columns } from './tile.ts'

/** The key rows of a chunk. */
export interface ChunkRows {
  readonly first: Value
  /** What the rows behind one of them do, up to the last visible one. */
  readonly toLast: (row: Value) => Elapsed
  readonly count: Value
}

/** The operands of a workgroup. */
export interface Operands {
  readonly schedule: Schedule
  readonly pass: ReducePass
  readonly binding: Frame['binding']
  readonly maxima: Frame['maxima']
  readonly scaled: boolean
  readonly columns: Columns
  /** vec4 groups of components: where other passes have four rows in a vec4f, this one has four components. */
  readonly groups: number
  /** φ, or its exponents, by (row, component group). */
  readonly phi: SharedArray
  /** The running scale of each component. */
  readonly scales: SharedArray
  readonly rows: ChunkRows
  /** The component group and the first row that the thread fills, if it has the same components in all its rows. */
  readonly kept: { readonly components: Value; readonly row: Value } | undefined
}

/** A tile of components of a block, and a thread's sums for it. */
export interface Reduction extends Operands {
  readonly block: ScheduledBlock
  /** The tile's first component, within the block. */
  readonly components: Value
  readonly sums: readonly ComponentSums[]
}

/** Four components of a thread: its columns of S, z, and the running scale where sums are scaled. */
export interface ComponentSums {
  /** The number of the component group in the tile. */
  readonly group: Value
  readonly sums: readonly Name[]
  readonly total: Name
  readonly scale: Name | undefined
}

/** Whether a thread has the same components in all its rows. */
export const keepsComponents = ({ scaling }: ReducePass, block: ScheduledBlock): boolean =>
  scaling === 'scaled' || block.projected

/** Fills `phi` for the rows from `from` of the chunk on: neighbouring threads have neighbouring components. */
export function fillTile(k: Author, reduction: Reduction, from: Value, count: Value): void {
  const { pass, groups, block, kept } = reduction
  const { rows, threads } = pass.tile
  if (kept !== undefined && keepsComponents(pass, block)) {
    // Projections of several rows share their loads.
    const stride = threads / groups
    const own = range(rows / stride).map((item) => ir.add(kept.row, item * stride))
    fillRows(k, reduction, from, count, kept.components, own)
    return
  }
  // Entries of a row share nothing.
  k.strided('item', ir.thread, rows * groups, threads, (item) => {
    const row = k.let('fillRow', ir.div(item, groups))
    fillRows(k, reduction, from, count, k.let('fillComponents', ir.mod(item, groups)), [row])
  })
}

/** Fills four components of φ in some rows. */
function fillRows(
  k: Author,
  reduction: Reduction,
  from: Value,
  count: Value,
  group: Value,
  rows: readonly Value[],
): void {
  const { scaled, phi, scales, groups, sums } = reduction
  const rowAt = (item: number): Value =>
    ir.add(reduction.rows.first, from, within(rows[item] ?? ir.u32(0), count))
  const features = evaluate(k, reduction, group, rows.length, rowAt)
  const toLast = (item: number): Elapsed => reduction.rows.toLast(rowAt(item))
  const put = (value: (item: number) => Value): void =>
    rows.forEach((row, item) => k.sharedStore(phi, place(row, group, groups), widen(value(item))))
  if (!scaled) {
    put((item) => toLast(item).shrink(widen(features.value(item))))
    return
  }
  const exponent = (item: number): Value => toLast(item).lower(exponentOf(features, item))
  k.comment('each component is scaled by its largest exponent so far')
  put(exponent)
  k.barrier()
  for (const [vector, component] of sums.entries()) raiseComponents(k, reduction, component, vector, count)
  k.barrier()
  const scale = k.let('scale', ir.sharedLoad(scales, group))
  put((item) => {
    const mantissa = relativeTo(scale, exponent(item))
    return features.coefficient === undefined ? mantissa : ir.mul(widen(features.coefficient(item)), mantissa)
  })
}

/** φ of four components of the block in some rows, four components a vec4f. */
function evaluate(
  k: Author,
  { schedule, pass, binding, maxima, block, components }: Reduction,
  group: Value,
  count: number,
  rowAt: (item: number) => Value,
): EvaluatedFeatures {
  const prepared = prepareRows(
    {
      extent: 'items',
      each: count,
      buffer: binding('k'),
      dim: schedule.dim,
      places: rowsOfCall('key', schedule.dim),
      at: rowAt,
      count: visible,
      projected: projectedOf(schedule, pass, binding, 'key'),
      ...(maxima && { maximum: () => headMaximum(maxima) }),
      prefix: 'k',
    },
    [block],
  )
  const first = ir.add(components, ir.mul(group, lanes))
  const evaluated = prepared.evaluate({
    block,
    each: lanes,
    at: (lane) => ir.add(first, lane),
    steps: pass.tile.steps,
    projection: block.projected ? binding('w') : undefined,
  })
  k.use(prepared.statements, evaluated.statements)
  return evaluated
}

/** Takes the rows' exponents into the running scales of four components. */
function raiseComponents(
  k: Author,
  { phi, scales, groups }: Operands,
  { group, sums, total, scale }: ComponentSums,
  vector: number,
  count: Value,
): void {
  if (scale === undefined) return
  const names = { before: `before${vector}`, shrink: `shrink${vector}` }
  raiseScale(k, { scale, sums: [total, ...sums], names }, (raise) =>
    k.loop('j', 0, count, (j) => raise(ir.sharedLoad(phi, place(j, group, groups)))),
  )
  k.if(ir.eq(columnGroup, 0), () => k.sharedStore(scales, group, scale))
}
