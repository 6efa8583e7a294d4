/**
 * φ of a chunk's rows, by one thread. Rows are in the lanes: what the expression asks of a row is four rows' worth, and
 * what it asks of a projection or a component is one number for all of them. So entries are turned over first, [dim]
 * by rows; then come products with projections, in tiles, and the parts that see rows alone, once a row; then the
 * components, each over all rows.
 */
import type { Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import { mentions } from '../../symbolic/traverse.ts'
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import { unlessZero } from '../lower/exponents.ts'
import { expressionsOf } from '../lower/features.ts'
import { widen } from '../lower/operators.ts'
import { evaluatePairs, reduceRows } from '../lower/pairs.ts'
import type { Reduced, Row, Surroundings } from '../lower/pairs.ts'
import { rowStart } from '../lower/row-places.ts'
import type { RowPlaces } from '../lower/row-places.ts'
import { namedPlaces } from '../lower/rows.ts'
import { inLanes, range, within } from '../lower/tile.ts'
import { turnOver } from './turned-rows.ts'
import { addPanels, eachOfTile, tileColumns, tileOf, tileRows } from './tile-product.ts'

/** Components evaluated side by side where they see a projection beyond its product with the row. */
const together = 8

/** The rows of a chunk on one side. */
export interface ChunkRows {
  readonly side: 'query' | 'key'
  readonly buffer: Binding
  /** Where the rows of the sequence begin in the buffer. */
  readonly places: RowPlaces
  /** The row of the sequence in a place of the chunk, which may be beyond the last one. */
  readonly row: (place: Value, lane: number) => Value
  /** Rows of the sequence that are there. */
  readonly there: Value
  /** `length` of the language, and `position` of a row. */
  readonly count: Value
  readonly position: (row: Value) => Value
  /** The matrix of projections. */
  readonly projection: Binding | undefined
  /** Rows that were projected beforehand. */
  readonly projected?: { readonly buffer: Binding; readonly first: Value; readonly width: number } | undefined
  /** The maximum that the papers' stabilisation subtracts, of a row in the sequence. */
  readonly maximum?: (row: Value) => Value
  /** What exponents of four places are over (vec4f), where a row brings a scale of its own. */
  readonly over?: (four: Value) => Value
}

/** Where components go: [features] by rows of the chunk. */
export interface Target {
  /** Values, or exponents. */
  readonly values: SharedArray
  readonly coefficients: SharedArray | undefined
  /** Exponents as they are written, also where a coefficient is 0. */
  readonly written?: SharedArray | undefined
}

/** Tiles of rows of the chunk, counted from its first one. */
export interface TilesOfRows {
  readonly from: Value
  readonly to: Value
}

/** Scratch of an evaluation, and the code that fills the target. */
export interface ChunkFeatures {
  readonly shared: readonly SharedArray[]
  readonly fill: (k: Author, rows: ChunkRows, target: Target, tiles: TilesOfRows) => void
}

/** Sizes and scratch of an evaluation. */
interface Scratch {
  readonly dim: number
  /** Of a chunk. */
  readonly rows: number
  /** Rows turned over: by entry and row. */
  readonly entries: SharedArray
  /** What depends on rows alone: by part and row. */
  readonly ofRows: SharedArray
  /** Products of rows with projections, by projection and row; of how many projections. */
  readonly products: SharedArray
  readonly projections: number
}

/** Code for the features of one side, in chunks of so many rows. */
export function chunkFeatures(
  { dim, buffers }: Schedule,
  rows: number,
  blocks: readonly ScheduledBlock[],
): ChunkFeatures {
  const array = (name: string, length: number): SharedArray => ({ name, element: 'f32', length })
  const beforehand = buffers.some(({ name }) => name === 'projected')
  const multiplied = blocks.filter((block) => !beforehand && seesProducts(block))
  const projections = multiplied.reduce((most, { size }) => Math.max(most, size), 0)
  const parts = partsOfRows(blocks)
  const scratch: Scratch = {
    dim,
    rows,
    entries: array('entries', dim * rows),
    ofRows: array('ofRows', parts * rows),
    products: array('products', Math.max(projections, tileRows) * rows),
    projections,
  }
  const { entries, ofRows, products } = scratch
  return {
    shared: [entries, ...(parts === 0 ? [] : [ofRows]), ...(projections === 0 ? [] : [products])],
    fill: (k, from, target, tiles) => new Filling(k, scratch, from, target, tiles).fill(blocks),
  }
}

/** Whether a block sees a row through its products with projections. */
export const seesProducts = (block: ScheduledBlock): boolean =>
  expressionsOf(block).some((expression) => mentions(expression, 'projected'))

/** How many sums and maxima see rows alone. */
function partsOfRows(blocks: readonly ScheduledBlock[]): number {
  const nothing: Row = { extent: 'lanes', load: () => ir.f32(0) }
  const scalar = { extent: 'all', value: ir.f32(0) } as const
  return reduceRows(blocks.flatMap(expressionsOf), {
    items: 1,
    rows: { x: nothing, projected: nothing, w: { extent: 'items', load: () => ir.f32(0) } },
    scalars: { length: scalar, position: scalar, maximum: scalar },
    component: { extent: 'items', index: () => ir.u32(0) },
    prefix: 'none',
  }).reduced.size
}

class Filling {
  readonly #k: Author
  readonly #scratch: Scratch
  readonly #from: ChunkRows
  readonly #target: Target
  readonly #tiles: TilesOfRows
  /** The reductions of rows, in the order in which they lie in `ofRows`. */
  #reduced: readonly string[] = []

  constructor(k: Author, scratch: Scratch, from: ChunkRows, target: Target, tiles: TilesOfRows) {
    this.#k = k
    this.#scratch = scratch
    this.#from = from
    this.#target = target
    this.#tiles = tiles
  }

  fill(blocks: readonly ScheduledBlock[]): void {
    this.#turnOver()
    if (this.#scratch.projections > 0) this.#multiply()
    this.#reduce(blocks)
    for (const block of blocks) this.#block(block)
  }

  get #side(): string {
    return this.#from.side
  }

  /** A row of the sequence, inside it. */
  #row(first: Value, lane: number): Value {
    const { row, there } = this.#from
    return within(row(first, lane), there)
  }

  /** Rows in fours, by the first of each. */
  #eachFour(word: string, then: (first: Value) => void): void {
    const { from, to } = this.#tiles
    this.#k.strided(`${this.#side}${word}`, ir.mul(from, tileColumns), ir.mul(to, tileColumns), 4, then)
  }

  #turnOver(): void {
    const k = this.#k
    const { dim, rows, entries } = this.#scratch
    const { buffer } = this.#from
    const places = namedPlaces(k, `${this.#side}Begin`, this.#from.places)
    const begin = (four: Value, lane: number): Value => rowStart(places, this.#row(four, lane))
    const turned = { word: this.#side, buffer, begin, width: dim, into: entries, stride: rows }
    this.#eachFour('Four', (four) => turnOver(k, turned, four))
  }

  /** Rows times projections. The last tile of projections ends with the last of them, and may overlap the one before. */
  #multiply(): void {
    const k = this.#k
    const { dim, rows, entries, products, projections } = this.#scratch
    const { projection } = this.#from
    if (projection === undefined) return
    const last = Math.max(0, projections - tileRows)
    const load = (index: Value): Value =>
      ir.load(projection, projections < tileRows ? ir.call('min', index, projections * dim - 1) : index)
    const { from, to } = this.#tiles
    k.strided(`${this.#side}Projections`, 0, projections, tileRows, (place) => {
      const first = k.let(
        `${this.#side}First`,
        projections % tileRows === 0 ? place : ir.call('min', place, last),
      )
      const left = { load, start: ir.mul(first, dim), step: 1, apart: dim }
      k.loop(`${this.#side}Tile`, from, to, (tile) => {
        const row = k.let(`${this.#side}TileRow`, ir.mul(tile, tileColumns))
        const sums = tileOf(k, `${this.#side}Product`)
        addPanels(k, sums, { name: `${this.#side}T`, from: 0, to: dim }, left, {
          load: (index) => ir.sharedLoadFour(entries, index),
          start: row,
          step: rows,
          apart: 4,
        })
        const at = k.let(`${this.#side}ProductPlace`, ir.add(ir.mul(first, rows), row))
        eachOfTile(sums, (sum, item, column) =>
          k.sharedStore(products, ir.add(at, item * rows + column), sum),
        )
      })
    })
  }

  /** What depends on rows alone, into `ofRows`. */
  #reduce(blocks: readonly ScheduledBlock[]): void {
    const k = this.#k
    const { rows, ofRows } = this.#scratch
    if (ofRows.length === 0) return
    this.#eachFour('Alone', (four) => {
      const around = { ...this.#around(four, 1, () => ir.u32(0)), prefix: `${this.#side}Alone` }
      const { statements, reduced } = reduceRows(blocks.flatMap(expressionsOf), around)
      this.#reduced = [...reduced.keys()]
      k.use(statements)
      for (const [which, value] of [...reduced.values()].entries())
        k.sharedStore(ofRows, ir.add(four, which * rows), widen(value(0)))
    })
  }

  #block(block: ScheduledBlock): void {
    const each = block.projected ? together : 1
    const whole = Math.floor(block.size / each) * each
    if (whole > 0) this.#components(block, 0, whole, each)
    if (whole < block.size) this.#components(block, whole, block.size, 1)
  }

  #components(block: ScheduledBlock, from: number, to: number, each: number): void {
    const k = this.#k
    const { rows } = this.#scratch
    const word = `${this.#side}Component${block.start + from}`
    k.strided(word, from, to, each, (component) =>
      this.#eachFour(`Of${block.start + from}`, (four) => {
        const around = this.#around(four, each, (item) => ir.add(component, item))
        const { statements, value } = evaluatePairs(expressionsOf(block), around, this.#known(four))
        k.use(statements)
        const at = k.let(`${this.#side}At`, ir.add(ir.mul(ir.add(component, block.start), rows), four))
        for (const item of range(each))
          this.#store(block, four, (which) => widen(value(which, item)), ir.add(at, item * rows))
      }),
    )
  }

  /** @param value of the component's expressions: its value, or its exponent and its coefficient */
  #store({ term }: ScheduledBlock, four: Value, value: (which: number) => Value, at: Value): void {
    const k = this.#k
    const { values, coefficients, written } = this.#target
    if (term.kind === 'plain') return k.sharedStore(values, at, value(0))
    const scale = this.#from.over?.(four)
    const exponent = scale === undefined ? value(0) : ir.sub(value(0), scale)
    const coefficient = term.coefficient === undefined ? undefined : value(1)
    k.sharedStore(values, at, coefficient === undefined ? exponent : unlessZero(exponent, coefficient))
    if (written !== undefined) k.sharedStore(written, at, exponent)
    if (coefficients !== undefined) k.sharedStore(coefficients, at, coefficient ?? ir.splat(1))
  }

  #known(four: Value): Reduced {
    const { rows, ofRows } = this.#scratch
    return new Map(
      this.#reduced.map((key, which) => {
        const value = ir.sharedLoadFour(ofRows, ir.add(four, which * rows))
        return [key, () => value]
      }),
    )
  }

  #around(four: Value, items: number, component: (item: number) => Value): Surroundings {
    const { maximum, count, position, side } = this.#from
    const lanes = (value: (row: Value) => Value): Value => inLanes((lane) => value(this.#row(four, lane)))
    const ofMaximum =
      maximum &&
      (side === 'key'
        ? ({ extent: 'all', value: maximum(ir.u32(0)) } as const)
        : ({ extent: 'lanes', value: lanes(maximum) } as const))
    return {
      items,
      rows: this.#rowsAround(four, component),
      scalars: {
        length: { extent: 'all', value: ir.convert('f32', count) },
        position: { extent: 'lanes', value: lanes((row) => ir.convert('f32', position(row))) },
        ...(ofMaximum && { maximum: ofMaximum }),
      },
      component: { extent: 'items', index: component },
      prefix: this.#side,
    }
  }

  #rowsAround(four: Value, component: (item: number) => Value): Surroundings['rows'] {
    const { dim, rows, entries, products } = this.#scratch
    const { projection, projected } = this.#from
    const turned = (array: SharedArray): Row => ({
      extent: 'lanes',
      load: (lane, index) => ir.sharedLoad(array, ir.add(ir.mul(index, rows), four, lane)),
      loadLanes: (index) => ir.sharedLoadFour(array, ir.add(ir.mul(index, rows), four)),
    })
    const memory = projected && {
      extent: 'lanes' as const,
      load: (lane: number, index: Value): Value => {
        const row = ir.add(projected.first, this.#row(four, lane))
        return ir.load(projected.buffer, ir.add(ir.mul(row, projected.width), index))
      },
    }
    const w = projection && {
      extent: 'items' as const,
      load: (item: number, index: Value): Value =>
        ir.load(projection, ir.add(ir.mul(component(0), dim), index, item * dim)),
    }
    return { x: turned(entries), projected: memory ?? turned(products), ...(w && { w }) }
  }
}
