/**
 * φ on a register tile: a few components of a few rows, rows in the lanes and
 * components as items or the other way round. One way for both layouts, both
 * sides, projected or not.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { ScheduledBlock } from '../../schedule/schedule.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { add, convert, let_, load, mul, ref, sharedLoad } from '../build.ts'
import type { Body } from '../build.ts'
import type { Binding, SharedArray, Statement, Value } from '../kernel.ts'
import { evaluatePairs, reduceRows } from './pairs.ts'
import type { Entry, Reduced, Row, Surroundings } from './pairs.ts'
import { rowStart } from './row-places.ts'
import type { RowPlaces } from './row-places.ts'
import { range, within } from './tile.ts'

/** The rows whose features are wanted, in the lanes of a register or as items. */
export interface FeatureRows {
  readonly extent: 'lanes' | 'items'
  /** How many a thread has. */
  readonly each: number
  readonly buffer: Binding
  readonly dim: number
  /** Where the rows of the sequence begin in the buffer. */
  readonly places: RowPlaces
  /** Row within the sequence, inside it, for a lane or an item. */
  readonly at: (which: number) => Value
  /** The language's `position` of a row. */
  readonly position: (row: Value) => Value
  /** How many rows the sequence has: `length` of the language. */
  readonly count: Value
  /** Rows that were projected beforehand. */
  readonly projected?: ProjectedBeforehand | undefined
  /** The maximum that the papers' stabilisation subtracts, for a lane or an item. */
  readonly maximum?: (which: number) => Value
  /** Whether they are items that stay the same for many tiles of components, so that what sees them alone pays once. */
  readonly stay?: true
  readonly prefix: string
}

interface ProjectedBeforehand {
  /** A buffer, or scratch. */
  readonly buffer: Binding | SharedArray
  /** Index of the sequence's first row there, in rows. */
  readonly first: Value
  readonly width: number
}

/** Components of one block, on the extent that the rows are not on. */
export interface Components {
  readonly block: ScheduledBlock
  readonly each: number
  /** Component within the block, or past its end, for a lane or an item. */
  readonly at: (which: number) => Value
  /** How many a workgroup takes at a time. */
  readonly steps: number
  readonly projection: Binding | undefined
  /** Sums and maxima over entries that are known already. */
  readonly reduced?: Reduced
}

/**
 * Rows made ready for φ: statements that run once for the rows, and a function that evaluates any
 * components on them.
 */
export interface PreparedRows {
  /** Row indexes, and what depends on the rows alone: before any component. */
  readonly statements: Body
  /** Whether anything does, so that it is worth having the same rows for all components. */
  readonly shares: boolean
  readonly evaluate: (components: Components) => EvaluatedFeatures
}

/** Components of φ on a register tile, item by item: f32 where the four lanes agree, else vec4f. */
export interface EvaluatedFeatures {
  readonly statements: Body
  /** Plain terms. */
  readonly value: (item: number) => Value
  /** Scaled terms. */
  readonly exponent: (item: number) => Value
  /** Undefined if it is 1. */
  readonly coefficient: ((item: number) => Value) | undefined
}

/** @param blocks all blocks whose components will be asked for */
export function prepareRows(rows: FeatureRows, blocks: readonly ScheduledBlock[]): PreparedRows {
  const { prefix, extent } = rows
  const indexes = range(rows.each).map((which) => let_(`${prefix}Row${which}`, rows.at(which)))
  const starts = indexes.map((row, which) => let_(`${prefix}Start${which}`, rowStart(rows.places, ref(row))))
  const { projected } = rows
  const projectedStarts =
    projected === undefined
      ? []
      : indexes.map((row, which) =>
          let_(`${prefix}Projected${which}`, mul(add(projected.first, ref(row)), projected.width)),
        )
  const vectors = {
    x: rowOf(rows.buffer, starts, extent),
    ...(projected && { projected: rowOf(projected.buffer, projectedStarts, extent) }),
  }
  const scalars: Record<string, Entry> = {
    length: { extent: 'all', value: convert('f32', rows.count) },
    position: entry(extent, (which) => convert('f32', rows.position(nth(indexes, which)))),
    ...(rows.maximum === undefined ? {} : { maximum: entry(extent, rows.maximum) }),
  }
  const other = extent === 'lanes' ? 'items' : 'lanes'
  const ofRows: Surroundings = {
    items: rows.each,
    rows: { ...vectors, w: { extent: other, load: unasked } },
    scalars,
    component: { extent: other, index: unasked },
    prefix: `${prefix}Rows`,
  }
  // Rows that are items mostly come once per tile of components; there is nothing to share.
  const shared: { statements: Body; reduced: Reduced } =
    extent === 'lanes' || rows.stay
      ? reduceRows(blocks.flatMap(expressionsOf), ofRows, extent)
      : { statements: [], reduced: new Map() }
  return {
    statements: [indexes, starts, projectedStarts, shared.statements],
    shares: shared.reduced.size > 0,
    evaluate: (components) =>
      evaluateComponents(
        rows,
        vectors,
        scalars,
        new Map([...shared.reduced, ...(components.reduced ?? [])]),
        components,
      ),
  }
}

function evaluateComponents(
  rows: FeatureRows,
  vectors: Surroundings['rows'],
  scalars: Surroundings['scalars'],
  reduced: Reduced,
  components: Components,
): EvaluatedFeatures {
  const { block, projection } = components
  const { prefix } = rows
  const extent = rows.extent === 'lanes' ? 'items' : 'lanes'
  const indexes = range(components.each).map((which) =>
    let_(`${prefix}Component${which}`, inside(components, which)),
  )
  const around = { scalars, prefix, items: rows.extent === 'items' ? rows.each : components.each }
  const expressions = expressionsOf(block)
  if (!block.projected) {
    const component = { extent, index: (which: number) => nth(indexes, which) } as const
    const evaluated = evaluatePairs(expressions, { ...around, rows: vectors, component }, reduced)
    return results(expressions, [indexes, evaluated.statements], evaluated.value)
  }
  invariant(projection !== undefined, 'a pass with projected features is given the projections')
  const starts = indexes.map((index, which) => let_(`${prefix}Projection${which}`, mul(ref(index), rows.dim)))
  const w = rowOf(projection, starts, extent)
  const evaluated = evaluatePairs(expressions, { ...around, rows: { ...vectors, w } }, reduced)
  return results(expressions, [indexes, starts, evaluated.statements], evaluated.value)
}

function results(
  expressions: readonly Expression[],
  statements: Body,
  value: (which: number, item: number) => Value,
): EvaluatedFeatures {
  const first = (item: number): Value => value(0, item)
  const second = (item: number): Value => value(1, item)
  return {
    statements,
    value: first,
    exponent: first,
    coefficient: expressions.length === 2 ? second : undefined,
  }
}

/** The expressions of a term: its value, or its exponent and, unless it is 1, its coefficient. */
export function expressionsOf({ term }: Pick<ScheduledBlock, 'term'>): Expression[] {
  if (term.kind === 'plain') return [term.value]
  return term.coefficient === undefined ? [term.exponent] : [term.exponent, term.coefficient]
}

/** A component, or the last there is where the block ends inside a tile. */
function inside({ at, block, steps }: Components, which: number): Value {
  return block.size % steps === 0 ? at(which) : within(at(which), block.size)
}

function nth(indexes: readonly Extract<Statement, { kind: 'let' }>[], which: number): Value {
  const index = indexes[which]
  invariant(index !== undefined, 'an index is asked for a lane or an item that there is')
  return ref(index)
}

function rowOf(
  buffer: Binding | SharedArray,
  starts: readonly Extract<Statement, { kind: 'let' }>[],
  extent: 'lanes' | 'items',
): Row {
  const at = (which: number, index: Value): Value => add(nth(starts, which), index)
  return {
    extent,
    load: (which, index) =>
      'access' in buffer ? load(buffer, at(which, index)) : sharedLoad(buffer, at(which, index)),
  }
}

/** A scalar of the rows, as vec4 where the rows are in the lanes. */
function entry(extent: 'lanes' | 'items', at: (which: number) => Value): Entry {
  if (extent === 'items') return { extent, value: at }
  return { extent, value: { kind: 'vec4', lanes: [at(0), at(1), at(2), at(3)] } }
}

function unasked(): never {
  return invariant(false, 'what depends on the rows alone asks for no projection and no component') as never
}
