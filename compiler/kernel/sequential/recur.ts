/**
 * Recur, for one thread: some columns of S, in the first-level cache, through the rows of a head in order. Four columns
 * are lanes of a vector.
 */
import type { RecurPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author, Name } from '../author.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { frame } from '../lower/frame.ts'
import type { Frame } from '../lower/frame.ts'
import { carriedAt, isBehind, keyRowsOf, recurNames, summaryOf } from '../lower/recur.ts'
import { RecurRows } from '../lower/recur-rows.ts'
import type { RowEntries, RowOfKeys } from '../lower/recur-rows.ts'
import { rowStart } from '../lower/row-places.ts'
import { namedPlaces, placesOf } from '../lower/rows.ts'
import { eachLane, inLanes, lanes, range } from '../lower/tile.ts'

/** The kernel of S ← D∘S + Σ x (y + c ∘ aᵀS)ᵀ by each key row, and of qᵀS after it. */
export function lowerSequentialRecur(schedule: Schedule, pass: RecurPass): Kernel {
  const from = frame(schedule, pass)
  const state: SharedArray = { name: 'state', element: 'f32', length: pass.features * pass.columns }
  const body = record((k) => new Columns(k, schedule, pass, from, state).write())
  return from.kernel(summaryOf(pass), [state], body)
}

/** The work of one thread for its columns. */
class Columns {
  readonly #k: Author
  readonly #schedule: Schedule
  readonly #pass: RecurPass
  readonly #frame: Frame
  readonly #state: SharedArray
  readonly #first: Value
  /** Vectors of columns. */
  readonly #vectors: readonly number[]

  constructor(k: Author, schedule: Schedule, pass: RecurPass, from: Frame, state: SharedArray) {
    this.#k = k
    this.#schedule = schedule
    this.#pass = pass
    this.#frame = from
    this.#state = state
    this.#first = k.let('firstColumn', recurNames(k, schedule, pass, from))
    this.#vectors = range(pass.columns / lanes)
  }

  write(): void {
    const k = this.#k
    const rows = new RecurRows(k, this.#pass, this.#frame)
    const places = namedPlaces(
      k,
      'outRows',
      placesOf(this.#pass.out, 'sliceKeyHead', this.#schedule.valueDim),
    )
    const out = this.#frame.binding(this.#pass.out.buffer)
    const store = (row: Value, sums: readonly Value[]): void => {
      const start = k.let('outStart', rowStart(places, row))
      this.#store(sums, (column, value) => k.store(out, ir.add(start, column), value))
    }
    const count = k.let('keyRows', keyRowsOf(this.#frame))
    const length = ir.shape('length')
    this.#begin()
    k.loop('row', 0, count, (row) => {
      const query = rows.query(k, ir.call('min', row, ir.sub(length, 1)))
      const sums = this.#change(rows.keys(k, row), query)
      k.if(ir.lt(row, length), () => store(row, sums))
    })
    k.loop('later', count, length, (row) => store(row, this.#read(rows.query(k, row), 'result')))
    if (this.#pass.carries) this.#leave()
  }

  /** S of the rows before, or 0. */
  #begin(): void {
    const k = this.#k
    const { carries } = this.#pass
    const behind = carries ? k.let('behind', isBehind(this.#frame)) : ir.bool(false)
    const set = (word: string, value: (feature: Value, vector: number) => Value) => (): void =>
      k.loop(word, 0, this.#pass.features, (feature) => {
        for (const vector of this.#vectors)
          k.sharedStore(this.#state, this.#place(feature, vector), value(feature, vector))
      })
    const clear = set('cleared', () => ir.splat(0))
    if (!carries) return clear()
    const carried = this.#frame.binding('carried')
    const load = set('begun', (feature, vector) =>
      this.#load(
        (column) => carriedAt(this.#schedule, this.#pass, feature, column),
        vector,
        (at, wide) => (wide ? ir.loadFour(carried, at) : ir.load(carried, at)),
      ),
    )
    k.if(behind, load, clear)
  }

  /** Leaves S to rows to come. */
  #leave(): void {
    const k = this.#k
    const carried = this.#frame.binding('carried')
    k.loop('left', 0, this.#pass.features, (feature) =>
      this.#store(
        this.#vectors.map((vector) => ir.sharedLoadFour(this.#state, this.#place(feature, vector))),
        (column, value) => k.store(carried, carriedAt(this.#schedule, this.#pass, feature, column), value),
      ),
    )
  }

  /** S with a key row in it; returns what the query reads of it. */
  #change({ scale, terms }: RowOfKeys, query: RowEntries): readonly Name[] {
    const k = this.#k
    const added = terms.map(({ x, writes, reads }, n) => {
      const read = reads.map(({ a, by }, m) => ({ by, sums: this.#read(a, `read${n}_${m}`) }))
      const by = this.#vectors.map((vector) => {
        const parts = [
          ...writes.map((y) => this.#columnsOf(y, vector)),
          ...read.map(({ by: factor, sums }) =>
            ir.mul(this.#factor(factor, vector), sums[vector] ?? ir.splat(0)),
          ),
        ]
        const [first = ir.splat(0), ...others] = parts
        return k.let(
          `by${n}_${vector}`,
          others.reduce<Value>((sum, part) => ir.add(sum, part), first),
        )
      })
      return { x, by }
    })
    const sums = this.#vectors.map((vector) => k.var(`sum${vector}`, ir.splat(0)))
    const same =
      typeof scale === 'number' || scale.width > 1
        ? undefined
        : k.let('kept', ir.splat(ir.load(scale.buffer, scale.start)))
    k.loop('feature', 0, this.#pass.features, (feature) => {
      const kept =
        typeof scale === 'number' ? ir.splat(scale) : (same ?? k.let('keptOne', this.#one(scale, feature)))
      const entries = added.map(({ x }, n) => k.let(`x${n}`, this.#one(x, feature)))
      const entry = k.let('queryEntry', this.#one(query, feature))
      for (const vector of this.#vectors) {
        const place = this.#place(feature, vector)
        const old = ir.sharedLoadFour(this.#state, place)
        const next = added.reduce(
          (sum, { by }, n) => ir.fma(entries[n] ?? 0, by[vector] ?? 0, sum),
          scale === 1 ? old : ir.mul(kept, old),
        )
        const changed = k.let(`changed${vector}`, next)
        k.sharedStore(this.#state, place, changed)
        const sum = sums[vector] as Name
        k.set(sum, ir.fma(entry, changed, sum))
      }
    })
    return sums
  }

  /** Σ of a row's entries times those of S. */
  #read(entries: RowEntries, word: string): readonly Name[] {
    const k = this.#k
    const sums = this.#vectors.map((vector) => k.var(`${word}_${vector}`, ir.splat(0)))
    k.loop(`${word}Feature`, 0, this.#pass.features, (feature) => {
      const entry = k.let(`${word}Entry`, this.#one(entries, feature))
      sums.forEach((sum, vector) =>
        k.set(sum, ir.fma(entry, ir.sharedLoadFour(this.#state, this.#place(feature, vector)), sum)),
      )
    })
    return sums
  }

  /** c of four columns. */
  #factor(by: RowEntries | number, vector: number): Value {
    if (typeof by === 'number') return ir.splat(by)
    return by.width === 1 ? ir.splat(ir.load(by.buffer, by.start)) : this.#columnsOf(by, vector)
  }

  /** An entry in all lanes. */
  #one({ buffer, start }: RowEntries, feature: Value): Value {
    return ir.splat(ir.load(buffer, ir.add(start, feature)))
  }

  #columnsOf({ buffer, start }: RowEntries, vector: number): Value {
    return this.#load(
      (column) => ir.add(start, column),
      vector,
      (at, wide) => (wide ? ir.loadFour(buffer, at) : ir.load(buffer, at)),
    )
  }

  #place(feature: Value, vector: number): Value {
    return ir.add(ir.mul(feature, this.#pass.columns), vector * lanes)
  }

  /** Whether the workgroups share all columns evenly. */
  get #exact(): boolean {
    return this.#schedule.valueDim % this.#pass.columns === 0
  }

  #column(vector: number): Value {
    return ir.add(this.#first, vector * lanes)
  }

  /** Four columns; those behind the last are anything. */
  #load(at: (column: Value) => Value, vector: number, load: (at: Value, wide: boolean) => Value): Value {
    const first = this.#column(vector)
    if (this.#exact) return load(at(first), true)
    const last = this.#schedule.valueDim - 1
    return inLanes((lane) => load(at(ir.call('min', ir.add(first, lane), last)), false))
  }

  /** Stores columns, four at once or each that there is. */
  #store(values: readonly Value[], store: (column: Value, value: Value) => void): void {
    values.forEach((value, vector) => {
      const first = this.#column(vector)
      if (this.#exact) return store(first, value)
      const four = this.#k.let(`stored${vector}`, value)
      eachLane((lane) => {
        const column = ir.add(first, lane)
        this.#k.if(ir.lt(column, this.#schedule.valueDim), () => store(column, ir.lane(four, lane)))
      })
    })
  }
}
