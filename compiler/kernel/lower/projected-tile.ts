/**
 * φ on a tile of rows × components of a block with projections. Sums over the entries of a row and of a projection are
 * a tile product through panels; what remains of the expressions is evaluated number by number, in registers.
 */
import type { Expression } from '../../symbolic/expression.ts'
import type { ScheduledBlock } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Value } from '../kernel.ts'
import { expressionsOf } from './features.ts'
import type { EvaluatedFeatures } from './features.ts'
import { widen } from './operators.ts'
import { pairProducts } from './pair-products.ts'
import { evaluatePairs } from './pairs.ts'
import type { Entry, Row } from './pairs.ts'
import { loadEntry } from './panel.ts'
import type { Filling, Four } from './panel.ts'
import { fourOf } from './score-layout.ts'
import { inLanes, lanes, nth } from './tile.ts'

/** Rows or projections of a tile, and the groups of four of them that a thread has. */
export interface TileSide {
  readonly filling: Filling
  readonly fours: readonly Four[]
}

/** A tile of φ, and what a thread has of it. */
export interface ProjectedTile {
  readonly block: ScheduledBlock
  readonly threads: number
  /** Entries of a row and of a projection, and those that are in a panel at a time. */
  readonly width: number
  readonly depth: number
  readonly rows: TileSide
  readonly projections: TileSide
  /** Which of both a thread has in the lanes of its registers. */
  readonly inLanes: 'rows' | 'projections'
  /** `length` of the language, and `position` of a row. */
  readonly length: Value
  readonly position: (row: Value) => Value
  /** The maximum that the papers' stabilisation subtracts, for a row of the sequence. */
  readonly maximum: ((row: Value) => Value) | undefined
  readonly prefix: string
}

/** Evaluates the block on the tile, for each group of four in the lanes, item by item of the other side. */
export function evaluateProjected(k: Author, tile: ProjectedTile): readonly EvaluatedFeatures[] {
  const rowsInLanes = tile.inLanes === 'rows'
  const [wide, narrow] = rowsInLanes ? [tile.rows, tile.projections] : [tile.projections, tile.rows]
  const expressions = expressionsOf(tile.block)
  const products = pairProducts(
    k,
    {
      prefix: tile.prefix,
      names: rowsInLanes ? { rows: 'x', keys: 'w' } : { rows: 'w', keys: 'x' },
      threads: tile.threads,
      width: tile.width,
      depth: tile.depth,
      queries: wide.filling,
      keys: narrow.filling,
      rowFours: wide.fours,
      keyFours: narrow.fours,
    },
    expressions,
  )
  const items = narrow.fours.length * lanes
  return products.map((reduced, vector) => {
    const ofRows = rowsInLanes ? laneRow(tile.rows, vector) : itemRow(tile.rows)
    const ofProjections = rowsInLanes ? itemRow(tile.projections) : laneRow(tile.projections, vector)
    const { statements, value } = evaluatePairs(
      expressions,
      {
        items,
        rows: { x: rowFor(tile, ofRows), w: rowFor(tile, ofProjections) },
        scalars: scalarsOf(tile, ofRows),
        prefix: `${tile.prefix}${vector}`,
      },
      reduced,
    )
    k.use(statements)
    return evaluatedOf(expressions, value)
  })
}

/** A row of one side for each lane, or for each item. */
interface Numbered {
  readonly extent: 'lanes' | 'items'
  readonly filling: Filling
  readonly at: (which: number) => Value
}

const laneRow = ({ filling, fours }: TileSide, vector: number): Numbered => ({
  extent: 'lanes',
  filling,
  at: (lane) => filling.rowAt(fourOf(nth(fours, vector)), lane),
})

const itemRow = ({ filling, fours }: TileSide): Numbered => ({
  extent: 'items',
  filling,
  at: (item) => filling.rowAt(fourOf(nth(fours, Math.floor(item / lanes))), item % lanes),
})

const rowFor = ({ width }: ProjectedTile, { extent, filling, at }: Numbered): Row => ({
  extent,
  load: (which, index) => loadEntry(filling, width, at(which), index),
})

function scalarsOf({ length, position, maximum }: ProjectedTile, rows: Numbered): Record<string, Entry> {
  const inside = (which: number): Value => ir.call('min', rows.at(which), rows.filling.last)
  const entry = (at: (which: number) => Value): Entry =>
    rows.extent === 'items' ? { extent: 'items', value: at } : { extent: 'lanes', value: inLanes(at) }
  return {
    length: { extent: 'all', value: ir.convert('f32', length) },
    position: entry((which) => ir.convert('f32', position(inside(which)))),
    ...(maximum && { maximum: entry((which) => maximum(inside(which))) }),
  }
}

function evaluatedOf(
  expressions: readonly Expression[],
  value: (which: number, item: number) => Value,
): EvaluatedFeatures {
  const first = (item: number): Value => widen(value(0, item))
  return {
    statements: [],
    value: first,
    exponent: first,
    coefficient: expressions.length === 2 ? (item) => widen(value(1, item)) : undefined,
  }
}
