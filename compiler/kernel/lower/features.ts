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
import type { Binding, Value } from '../kernel.ts'
import { evaluatePairs } from './pairs.ts'
import type { Component, Entry, Row, Surroundings } from './pairs.ts'

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
  /** Component within the block, inside it, for a lane or an item. */
  readonly component: (which: number) => Value
  /** The maximum that the papers' stabilisation subtracts, for a lane or item of the rows. */
  readonly maximum?: (which: number) => Value
  readonly prefix: string
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

  const starts = Array.from({ length: rowCount }, (_, which) =>
    let_(`${prefix}Row${which}`, mul(add(rows.first, rows.at(which)), dim)),
  )
  const projectionStarts = tile.block.projected
    ? Array.from({ length: componentCount }, (_, which) =>
        let_(`${prefix}Projection${which}`, mul(tile.component(which), dim)),
      )
    : []

  const { projection } = tile
  const vectors: Record<string, Row> = { x: rowOf(rows.buffer, starts.map(ref), rowExtent) }
  if (tile.block.projected) {
    invariant(projection !== undefined, 'a pass with projected features is given the projections')
    vectors['w'] = rowOf(projection, projectionStarts.map(ref), componentExtent)
  }

  const position = (which: number): Value => convert('f32', rows.at(which))
  const scalars: Record<string, Entry> = {
    length: { extent: 'all', value: convert('f32', rows.count) },
    position: entry(rowExtent, position),
  }
  if (tile.maximum !== undefined) scalars['maximum'] = entry(rowExtent, tile.maximum)

  const component: Component = { extent: componentExtent, index: tile.component }
  return {
    statements: [starts, projectionStarts],
    surroundings: {
      items: tile.items,
      rows: vectors,
      scalars,
      prefix,
      ...(tile.block.projected ? {} : { component }),
    },
  }
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
