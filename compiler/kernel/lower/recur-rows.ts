/** The entries of rows that a state is changed and read by, wherever they lie. */
import type { RecurPass } from '../../schedule/schedule.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Binding, Value } from '../kernel.ts'
import type { Frame } from './frame.ts'
import { rowStart } from './row-places.ts'
import type { RowPlaces } from './row-places.ts'
import { namedPlaces, placesOf } from './rows.ts'
import { inLanes, lanes } from './tile.ts'

/** Where entries lie, or the number that stands for them in all rows. */
type Operand = RecurPass['scale']

/** Entries of one row. */
export interface RowEntries {
  readonly width: number
  readonly buffer: Binding
  /** Index of the first in the buffer. */
  readonly start: Value
  /** Whether that is a multiple of 4 in each row. */
  readonly inFours: boolean
}

/** What a row is to the state: D, and the terms that it adds. */
export interface RowOfKeys {
  readonly scale: RowEntries | number
  readonly terms: readonly {
    readonly x: RowEntries
    readonly writes: readonly RowEntries[]
    readonly reads: readonly { readonly a: RowEntries; readonly by: RowEntries | number }[]
  }[]
}

/** Four entries from `index` on, of which there are `count`; 0 behind the last. */
export function fourEntries({ buffer, start, inFours }: RowEntries, count: number, index: Value): Value {
  if (inFours) return ir.loadVector(buffer, ir.div(ir.add(start, index), lanes))
  return inLanes((of) => within(index, of, count, (entry) => ir.load(buffer, ir.add(start, entry))))
}

/** What `at` gives for the entry `of` behind `first`; 0 behind the last of `count`. */
export function within(first: Value, of: number, count: number, at: (entry: Value) => Value): Value {
  const entry = ir.add(first, of)
  if (count % lanes === 0) return at(entry)
  return ir.select(ir.lt(entry, count), at(ir.call('min', entry, count - 1)), 0)
}

/** The rows of the workgroup's head; where they begin is declared once for all of them. */
export class RecurRows {
  readonly #pass: RecurPass
  readonly #binding: Frame['binding']
  readonly #places = new Map<string, RowPlaces>()

  constructor(k: Author, pass: RecurPass, { binding }: Pick<Frame, 'binding'>) {
    this.#pass = pass
    this.#binding = binding
    const { queries, scale, terms } = pass
    const ofTerms = terms.flatMap(({ x, writes, reads }) => [
      x,
      ...writes,
      ...reads.flatMap(({ a, by }) => [a, by]),
    ])
    for (const operand of [queries, scale, ...ofTerms])
      if (
        typeof operand !== 'number' &&
        pass.buffers.includes(operand.buffer) &&
        !this.#places.has(operand.buffer)
      ) {
        const word = `rows${this.#places.size}`
        this.#places.set(
          operand.buffer,
          namedPlaces(k, word, placesOf(operand, 'sliceKeyHead', operand.pitch)),
        )
      }
  }

  /** φ of a query. */
  query(k: Author, row: Value): RowEntries {
    return this.#entries(k, 'query', new Map(), row, this.#pass.queries) as RowEntries
  }

  /** All that a key row brings. */
  keys(k: Author, row: Value): RowOfKeys {
    const known = new Map<string, RowEntries>()
    const of = (operand: Operand): RowEntries | number => this.#entries(k, 'entries', known, row, operand)
    const entries = (operand: Exclude<Operand, number>): RowEntries => of(operand) as RowEntries
    const { scale, terms } = this.#pass
    return {
      scale: of(scale),
      terms: terms.map(({ x, writes, reads }) => ({
        x: entries(x),
        writes: writes.map(entries),
        reads: reads.map(({ a, by }) => ({ a: entries(a), by: of(by) })),
      })),
    }
  }

  #entries(
    k: Author,
    word: string,
    known: Map<string, RowEntries>,
    row: Value,
    operand: Operand,
  ): RowEntries | number {
    if (typeof operand === 'number') return operand
    const key = `${operand.buffer} ${operand.first} ${operand.width}`
    const before = known.get(key)
    if (before !== undefined) return before
    const made = this.at(operand, row)
    const start = k.let(`${word}${known.size}`, made.start)
    known.set(key, { ...made, start })
    return { ...made, start }
  }

  /** Entries of a row, of which nothing is declared. */
  at({ buffer, pitch, first, width }: Exclude<Operand, number>, row: Value): RowEntries {
    const places = this.#places.get(buffer)
    invariant(places !== undefined, `the pass takes rows of ${buffer}`)
    return {
      width,
      buffer: this.#binding(buffer),
      start: ir.add(rowStart(places, row), first),
      inFours: [pitch, first, width].every((one) => one % lanes === 0),
    }
  }
}
