/**
 * Recur: a thread has a column of S, in workgroup memory, and takes the rows of its head in order. Columns never mix, so
 * that no thread waits for another.
 */
import type { RecurPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { divide, firstPositionOf, frame, groupNames, owner, u32Name, visible } from './frame.ts'
import type { Frame } from './frame.ts'
import { fourEntries, RecurRows, within } from './recur-rows.ts'
import type { RowEntries, RowOfKeys } from './recur-rows.ts'
import { rowStart } from './row-places.ts'
import { namedPlaces, placesOf } from './rows.ts'
import { acrossLanes, inLanes, lanes } from './tile.ts'

/** The kernel of S ← D∘S + Σ x (y + c ∘ aᵀS)ᵀ by each key row, and of qᵀS after it. */
export function lowerRecur(schedule: Schedule, pass: RecurPass): Kernel {
  const from = frame(schedule, pass)
  const state: SharedArray = {
    name: 'state',
    element: 'vec4f',
    length: Math.ceil(pass.features / lanes) * pass.columns,
  }
  const body = record((k) => new Column(k, schedule, pass, from, state).write())
  return from.kernel(summaryOf(pass), [state], body)
}

/** In words. */
export const summaryOf = ({ carries }: RecurPass): string =>
  `Takes the rows of a head in order: each changes a state, which its query reads${carries ? '; the state is left' : ''}.`

/** Declares which columns of which head the workgroup has, and the first column of the thread. */
export function recurNames(
  k: Author,
  { valueDim }: Schedule,
  { columns }: RecurPass,
  { counts }: Frame,
): Value {
  k.use(
    divide(
      [
        ['columnTile', Math.ceil(valueDim / columns)],
        ['headInGroup', 1],
      ],
      'slice',
    ),
  )
  k.use(groupNames(counts, 'heads'))
  return ir.mul(u32Name('columnTile'), columns)
}

/** How many key rows the head has. */
export const keyRowsOf = ({ counts }: Frame): Value =>
  counts.keys === undefined ? ir.shape('keyLength') : visible

/** Index in `carried` of an entry of S. */
export const carriedAt = (
  { valueDim }: Schedule,
  { features }: RecurPass,
  feature: Value,
  column: Value,
): Value => ir.add(ir.mul(ir.add(ir.mul(owner.group, features), feature), valueDim), column)

/** Whether rows are behind others, whose state is there. */
export const isBehind = ({ counts }: Frame): Value => ir.gt(firstPositionOf(counts), 0)

/** The work of one thread. */
class Column {
  readonly #k: Author
  readonly #schedule: Schedule
  readonly #pass: RecurPass
  readonly #frame: Frame
  readonly #state: SharedArray
  readonly #column: Value

  constructor(k: Author, schedule: Schedule, pass: RecurPass, from: Frame, state: SharedArray) {
    this.#k = k
    this.#schedule = schedule
    this.#pass = pass
    this.#frame = from
    this.#state = state
    this.#column = k.let('column', ir.add(recurNames(k, schedule, pass, from), ir.thread))
  }

  write(): void {
    const { valueDim } = this.#schedule
    const whole = valueDim % this.#pass.columns === 0
    this.#k.guard(whole ? ir.bool(true) : ir.lt(this.#column, valueDim), () => this.#takeRows())
  }

  #takeRows(): void {
    const k = this.#k
    const rows = new RecurRows(k, this.#pass, this.#frame)
    const out = this.#frame.binding(this.#pass.out.buffer)
    const places = namedPlaces(
      k,
      'outRows',
      placesOf(this.#pass.out, 'sliceKeyHead', this.#schedule.valueDim),
    )
    const store = (row: Value, sums: Value): void =>
      k.store(out, ir.add(rowStart(places, row), this.#column), acrossLanes(sums, ir.add))
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
    const behind = this.#pass.carries ? k.let('behind', isBehind(this.#frame)) : undefined
    this.#eachFour('begun', (place, index) => {
      k.sharedStore(this.#state, place, ir.splat(0))
      if (behind === undefined) return
      const carried = this.#frame.binding('carried')
      const entry = (feature: Value): Value => ir.load(carried, this.#carriedAt(feature))
      k.if(behind, () =>
        k.sharedStore(
          this.#state,
          place,
          inLanes((of) => within(index, of, this.#pass.features, entry)),
        ),
      )
    })
  }

  /** Leaves S to rows to come. */
  #leave(): void {
    const k = this.#k
    const carried = this.#frame.binding('carried')
    k.loop('left', 0, this.#pass.features, (feature) => {
      const four = k.let('leftFour', ir.sharedLoad(this.#state, this.#place(ir.div(feature, lanes))))
      const lane = k.let('leftLane', ir.mod(feature, lanes))
      const [a, b, c, d] = ([0, 1, 2, 3] as const).map((of) => ir.lane(four, of)) as [
        Value,
        Value,
        Value,
        Value,
      ]
      const entry = ir.select(
        ir.lt(lane, 2),
        ir.select(ir.eq(lane, 0), a, b),
        ir.select(ir.eq(lane, 2), c, d),
      )
      k.store(carried, this.#carriedAt(feature), entry)
    })
  }

  /** S with a key row in it; returns what the query reads of it, in four parts. */
  #change({ scale, terms }: RowOfKeys, query: RowEntries): Value {
    const k = this.#k
    const added = terms.map(({ x, writes, reads }, n) => {
      const parts = [
        ...writes.map((y) => ir.load(y.buffer, ir.add(y.start, this.#column))),
        ...reads.map(({ a, by }, m) => {
          const sum = k.let(`read${n}_${m}`, acrossLanes(this.#read(a, `sums${n}_${m}`), ir.add))
          return ir.mul(this.#factor(by), sum)
        }),
      ]
      const [first = ir.f32(0), ...others] = parts
      return {
        x,
        by: k.let(`by${n}`, ir.splat(others.reduce<Value>((sum, part) => ir.add(sum, part), first))),
      }
    })
    const sums = k.var('sums', ir.splat(0))
    this.#eachFour('feature', (place, index) => {
      const old = ir.sharedLoad(this.#state, place)
      const kept = scale === 1 ? old : ir.mul(this.#wide(scale, index), old)
      const next = added.reduce((sum, { x, by }) => ir.fma(this.#four(x, index), by, sum), kept)
      const changed = k.let('changed', next)
      k.sharedStore(this.#state, place, changed)
      k.set(sums, ir.fma(this.#four(query, index), changed, sums))
    })
    return sums
  }

  /** Σ of a row's entries times those of S, in four parts. */
  #read(entries: RowEntries, word: string): Value {
    const k = this.#k
    const sums = k.var(word, ir.splat(0))
    this.#eachFour(`${word}Feature`, (place, index) =>
      k.set(sums, ir.fma(this.#four(entries, index), ir.sharedLoad(this.#state, place), sums)),
    )
    return sums
  }

  /** c of the thread's column. */
  #factor(by: RowEntries | number): Value {
    if (typeof by === 'number') return ir.f32(by)
    return ir.load(by.buffer, by.width === 1 ? by.start : ir.add(by.start, this.#column))
  }

  /** D of four features. */
  #wide(scale: RowEntries | number, index: Value): Value {
    if (typeof scale === 'number') return ir.splat(scale)
    return scale.width === 1 ? ir.splat(ir.load(scale.buffer, scale.start)) : this.#four(scale, index)
  }

  #four(entries: RowEntries, index: Value): Value {
    return fourEntries(entries, this.#pass.features, index)
  }

  #place(four: Value): Value {
    return ir.add(ir.mul(four, this.#pass.columns), ir.thread)
  }

  #carriedAt(feature: Value): Value {
    return carriedAt(this.#schedule, this.#pass, feature, this.#column)
  }

  /** Runs `then` for each four of features: their place in the array, and the first of them. */
  #eachFour(word: string, then: (place: Value, index: Value) => void): void {
    const k = this.#k
    k.rolled(word, 0, Math.ceil(this.#pass.features / lanes), 1, (four) =>
      then(k.let(`${word}Place`, this.#place(four)), k.let(`${word}First`, ir.mul(four, lanes))),
    )
  }
}
