/**
 * φ on a register tile: a few components of a few rows, rows in the lanes and
 * components as items or the other way round. One function for both layouts,
 * both sides, projected or not.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { ScheduledBlock } from '../../schedule/schedule.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { add, convert, let_, load, mul, ref } from '../build.ts'
import type { Body } from '../build.ts'
import type { Binding, Statement, Value } from '../kernel.ts'
import { evaluatePairs } from './pairs.ts'
import type { Component, Entry, Row, Surroundings } from './pairs.ts'
import { range, within } from './tile.ts'

export interface FeatureTile {
  readonly block: ScheduledBlock
  readonly dim: number
  /** Which of the two varies over the lanes of a register; the other is items. */
  readonly lanes: 'rows' | 'components'
  readonly items: number
  readonly rows: {
    readonly buffer: Binding
    /** Index of the sequence's first row in the buffer, in rows. */
    readonly first: Value
    /** Row within the sequence, inside it, for a lane or an item. */
    readonly at: (which: number) => Value
    /** How many rows the sequence has: `length` of the language. */
    readonly count: Value
  }
  readonly projection: Binding | undefined
  /** Component within the block, or past its end, for a lane or an item. */
  readonly component: (which: number) => Value
  /** The maximum that the papers' stabilisation subtracts, for a lane or item of the rows. */
  readonly maximum?: (which: number) => Value
  readonly prefix: string
  /** Components that a workgroup takes at a time. */
  readonly steps: number
}

export interface EvaluatedFeatures {
  readonly statements: Body
  /** Plain terms. */
  readonly value: (item: number) => Value
  /** Scaled terms. */
  readonly exponent: (item: number) => Value
  /** Undefined where it is 1. */
  readonly coefficient: ((item: number) => Value) | undefined
}

export function evaluateFeatures(tile: FeatureTile): EvaluatedFeatures {
  const { term } = tile.block
  const expressions: Expression[] =
    term.kind === 'plain'
      ? [term.value]
      : term.coefficient === undefined
        ? [term.exponent]
        : [term.exponent, term.coefficient]
  const { statements, surroundings } = surround(tile)
  const evaluated = evaluatePairs(expressions, surroundings)
  const first = (item: number): Value => evaluated.value(0, item)
  return {
    statements: [statements, evaluated.statements],
    value: first,
    exponent: first,
    coefficient: expressions.length === 2 ? (item) => evaluated.value(1, item) : undefined,
  }
}

function surround(tile: FeatureTile): { statements: Body; surroundings: Surroundings } {
  const { rows, dim, prefix } = tile
  const rowExtent = tile.lanes === 'rows' ? 'lanes' : 'items'
  const componentExtent = tile.lanes === 'rows' ? 'items' : 'lanes'
  const rowCount = rowExtent === 'lanes' ? 4 : tile.items
  const componentCount = componentExtent === 'lanes' ? 4 : tile.items

  const rowIndexes = range(rowCount).map((which) => let_(`${prefix}Row${which}`, rows.at(which)))
  const components = range(componentCount).map((which) =>
    let_(`${prefix}Component${which}`, inside(tile.component(which), tile)),
  )
  const starts = rowIndexes.map((row, which) =>
    let_(`${prefix}Start${which}`, mul(add(rows.first, ref(row)), dim)),
  )
  const projectionStarts = tile.block.projected
    ? components.map((component, which) => let_(`${prefix}Projection${which}`, mul(ref(component), dim)))
    : []

  const { projection } = tile
  const vectors: Record<string, Row> = { x: rowOf(rows.buffer, starts.map(ref), rowExtent) }
  if (tile.block.projected) {
    invariant(projection !== undefined, 'a pass with projected features is given the projections')
    vectors['w'] = rowOf(projection, projectionStarts.map(ref), componentExtent)
  }

  const position = (which: number): Value => convert('f32', at(rowIndexes, which))
  const scalars: Record<string, Entry> = {
    length: { extent: 'all', value: convert('f32', rows.count) },
    position: entry(rowExtent, position),
  }
  if (tile.maximum !== undefined) scalars['maximum'] = entry(rowExtent, tile.maximum)

  const component: Component = { extent: componentExtent, index: (which) => at(components, which) }
  return {
    statements: [rowIndexes, components, starts, projectionStarts],
    surroundings: {
      items: tile.items,
      rows: vectors,
      scalars,
      prefix,
      ...(tile.block.projected ? {} : { component }),
    },
  }
}

/** A component, or the last there is where the block ends inside a tile. */
const inside = (component: Value, { block, steps }: FeatureTile): Value =>
  block.size % steps === 0 ? component : within(component, block.size)

function at(indexes: readonly Extract<Statement, { kind: 'let' }>[], which: number): Value {
  const index = indexes[which]
  invariant(index !== undefined, 'an index is asked for a lane or an item that there is')
  return ref(index)
}

function rowOf(buffer: Binding, starts: readonly Value[], extent: 'lanes' | 'items'): Row {
  return {
    extent,
    load: (which, index) => {
      const start = starts[which]
      invariant(start !== undefined, 'a row is loaded for a lane or an item that there is')
      return load(buffer, add(start, index))
    },
  }
}

/** A scalar of the rows, as vec4 where the rows are in the lanes. */
function entry(extent: 'lanes' | 'items', at: (which: number) => Value): Entry {
  if (extent === 'items') return { extent, value: at }
  return { extent, value: { kind: 'vec4', lanes: [at(0), at(1), at(2), at(3)] } }
}
