/**
 * Recur, chunk by chunk: a workgroup has some columns of S, which never mix. A thread owns four of them, in four rows of
 * a chunk and in some features of S. `schedule/recur-chunks.ts` has the formulas.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import { chunkRow, rowsOfRecurrence } from '../../schedule/schedule.ts'
import type { ChunkRow, RecurPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author, Name } from '../author.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { frame, u32Name } from './frame.ts'
import type { Frame } from './frame.ts'
import { carriedAt, isBehind, keyRowsOf, recurNames, summaryOf } from './recur.ts'
import { chunkRowStart } from './recur-pairs.ts'
import { fourEntries, RecurRows } from './recur-rows.ts'
import type { RowEntries } from './recur-rows.ts'
import { rowStart } from './row-places.ts'
import { namedPlaces, placesOf } from './rows.ts'
import { eachLane, extent, fourLanes, inLanes, lanes, range } from './tile.ts'

const rows = rowsOfRecurrence
/** Fours of rows in a chunk. */
const rowFours = rows / lanes

/** The kernel that takes S through the chunks, and leaves the rows of the result. */
export function lowerRecurChunks(schedule: Schedule, pass: RecurPass): Kernel {
  const from = frame(schedule, pass)
  const across = pass.columns / lanes
  const shared = {
    state: { name: 'state', element: 'vec4f', length: lanes * featureFours(pass) * across },
    changes: { name: 'changes', element: 'vec4f', length: rows * across },
  } as const
  const body = record((k) => new Chunks(k, schedule, pass, from, shared).write())
  return from.kernel(summaryOf(pass), Object.values(shared), body)
}

/** Fours of features, as many as all threads down the rows have equally many of. */
const featureFours = ({ features }: RecurPass): number => rowFours * Math.ceil(features / rows)

interface Shared {
  /** S before the chunk, four columns at feature · across + their place. */
  readonly state: SharedArray
  /** u, likewise by row. */
  readonly changes: SharedArray
}

/** The work of one thread. */
class Chunks {
  readonly #k: Author
  readonly #schedule: Schedule
  readonly #pass: RecurPass
  readonly #frame: Frame
  readonly #shared: Shared
  readonly #layout: ChunkRow
  readonly #rows: RecurRows
  /** The first of the thread's columns. */
  readonly #column: Value
  readonly #keyRows: Value

  constructor(k: Author, schedule: Schedule, pass: RecurPass, from: Frame, shared: Shared) {
    this.#k = k
    this.#schedule = schedule
    this.#pass = pass
    this.#frame = from
    this.#shared = shared
    this.#layout = chunkRow(pass, schedule.valueDim)
    const first = recurNames(k, schedule, pass, from)
    k.let('rowFour', ir.div(ir.thread, this.#across))
    k.let('columnFour', ir.mod(ir.thread, this.#across))
    this.#column = k.let('column', ir.add(first, ir.mul(columnFour, lanes)))
    this.#keyRows = k.let('keyRows', keyRowsOf(from))
    this.#rows = new RecurRows(k, pass, from)
  }

  get #across(): number {
    return this.#pass.columns / lanes
  }

  write(): void {
    const k = this.#k
    const state = this.#begin()
    const places = namedPlaces(
      k,
      'outRows',
      placesOf(this.#pass.out, 'sliceKeyHead', this.#schedule.valueDim),
    )
    k.rolled('chunk', 0, ir.shape('chunks'), 1, () => {
      const first = k.let('first', ir.mul(u32Name('chunk'), rows))
      const here = k.let('here', extent(first, this.#keyRows, rows))
      this.#eachOwned(state, (entry, feature) =>
        k.sharedStore(this.#shared.state, ir.add(ir.mul(feature, this.#across), columnFour), entry),
      )
      k.barrier()
      const { results, changes } = this.#readState(first)
      changes.forEach((change, of) =>
        k.sharedStore(this.#shared.changes, ir.add(ir.mul(this.#row(of), this.#across), columnFour), change),
      )
      k.barrier()
      this.#readChunk(results)
      results.forEach((result, of) => {
        const row = k.let(`outRow${of}`, ir.add(first, this.#row(of)))
        k.if(ir.lt(row, ir.shape('length')), () =>
          this.#storeColumns(
            `out${of}`,
            result,
            (column) => ir.add(rowStart(places, row), column),
            this.#pass.out.buffer,
          ),
        )
      })
      this.#change(state, first, here)
    })
    if (this.#pass.carries)
      this.#eachOwned(state, (entry, feature, of) =>
        k.if(ir.lt(feature, this.#pass.features), () =>
          this.#storeColumns(
            `left${of}`,
            entry,
            (column) => carriedAt(this.#schedule, this.#pass, feature, column),
            'carried',
          ),
        ),
      )
  }

  /** A row of the thread, in the chunk. */
  #row(of: number): Value {
    return ir.add(ir.mul(u32Name('rowFour'), lanes), of)
  }

  /** S of the rows before, or 0, in the thread's features and columns. */
  #begin(): readonly Name[] {
    const k = this.#k
    const state = k.registers('state', 'vec4f', (lanes * featureFours(this.#pass)) / rowFours)
    if (!this.#pass.carries) return state
    const { features } = this.#pass
    const carried = this.#frame.binding('carried')
    // Whoever is behind the last column or feature leaves what is there to its owner.
    k.if(isBehind(this.#frame), () =>
      this.#eachOwned(state, (entry, feature) => {
        const owned = ir.and(ir.lt(feature, features), ir.lt(this.#column, this.#schedule.valueDim))
        const at = (of: number): Value => {
          const column = ir.add(this.#column, of)
          const own = ir.select(ir.lt(column, this.#schedule.valueDim), column, this.#column)
          return ir.load(carried, carriedAt(this.#schedule, this.#pass, feature, own))
        }
        k.if(owned, () => k.set(entry, inLanes(at)))
      }),
    )
    return state
  }

  /** The thread's numbers of S, four columns each, with their feature. */
  #eachOwned(state: readonly Name[], then: (entry: Name, feature: Value, of: number) => void): void {
    state.forEach((entry, of) => {
      const four = ir.add(u32Name('rowFour'), Math.floor(of / lanes) * rowFours)
      then(entry, ir.add(ir.mul(four, lanes), of % lanes), of)
    })
  }

  /** What the thread's rows read of S before the chunk: G qᵀS₀ of the result, and u. */
  #readState(first: Value): { readonly results: readonly Name[]; readonly changes: readonly Value[] } {
    const k = this.#k
    const { features, queries } = this.#pass
    const { solved, factors } = this.#layout
    const last = ir.sub(ir.shape('length'), 1)
    const own = fourLanes.map((of) => {
      const query = this.#rows.at(queries, ir.call('min', ir.add(first, this.#row(of)), last))
      return {
        start: k.let(`rowStart${of}`, chunkRowStart(this.#layout.width, this.#row(of))),
        query: { ...query, start: k.let(`queryStart${of}`, query.start) },
        result: k.var(`result${of}`, ir.splat(0)),
      }
    })
    const changes = own.map(({ start }, of) =>
      k.var(`change${of}`, solved ? this.#solvedColumns(ir.add(start, solved.u)) : this.#written(first, of)),
    )
    k.rolled('feature', 0, features, lanes, (feature) => {
      const before = fourLanes.map((of) => {
        const at = ir.add(ir.mul(ir.add(feature, of), this.#across), columnFour)
        return k.let(`before${of}`, ir.sharedLoad(this.#shared.state, at))
      })
      const add = (sum: Name, entries: Value): void =>
        before.forEach((row, of) =>
          k.set(sum, ir.fma(ir.splat(ir.lane(entries, of as 0 | 1 | 2 | 3)), row, sum)),
        )
      own.forEach(({ query, start, result }, of) => {
        add(result, k.let(`queryFour${of}`, fourEntries(query, features, feature)))
        const change = changes[of]
        if (solved !== undefined && change !== undefined)
          add(
            change,
            k.let(
              `readFour${of}`,
              fourEntries(this.#numbers(ir.add(start, solved.w), features), features, feature),
            ),
          )
      })
    })
    own.forEach(({ start, result }) => {
      const factor = ir.load(this.#frame.binding('chunkRows'), ir.add(start, factors))
      k.multiply(result, ir.splat(factor))
    })
    return { results: own.map(({ result }) => result), changes }
  }

  /** Numbers of a row of the chunk. */
  #numbers(start: Value, width: number): RowEntries {
    return { width, buffer: this.#frame.binding('chunkRows'), start, inFours: true }
  }

  #solvedColumns(start: Value): Value {
    const last = lanes * (Math.ceil(this.#schedule.valueDim / lanes) - 1)
    return fourEntries(this.#numbers(start, lanes), lanes, ir.call('min', this.#column, last))
  }

  /** u where nothing is read; of a row that is there, where the row is not. */
  #written(first: Value, of: number): Value {
    const [term] = this.#pass.terms
    invariant(term !== undefined, 'a chunk is of one term')
    const row = ir.call('min', ir.add(first, this.#row(of)), ir.sub(ir.call('max', this.#keyRows, 1), 1))
    const { valueDim } = this.#schedule
    const parts = term.writes.map((y) => {
      const { buffer, start } = this.#rows.at(y, row)
      return inLanes((lane) =>
        ir.load(buffer, ir.add(start, ir.call('min', ir.add(this.#column, lane), valueDim - 1))),
      )
    })
    return parts.reduce<Value>((sum, part) => ir.add(sum, part), ir.splat(0))
  }

  /** Adds to the results what rows of the chunk up to their own have written. */
  #readChunk(results: readonly Name[]): void {
    const k = this.#k
    k.rolled('keyFour', 0, ir.add(u32Name('rowFour'), 1), 1, (four) => {
      const written = fourLanes.map((of) => {
        const at = ir.add(ir.mul(ir.add(ir.mul(four, lanes), of), this.#across), columnFour)
        return k.let(`written${of}`, ir.sharedLoad(this.#shared.changes, at))
      })
      results.forEach((result, of) => {
        const start = ir.add(chunkRowStart(this.#layout.width, this.#row(of)), this.#layout.weights)
        const numbers = this.#numbers(start, rows)
        const weights = k.let(`weights${of}`, fourEntries(numbers, rows, ir.mul(four, lanes)))
        written.forEach((change, key) =>
          k.set(result, ir.fma(ir.splat(ir.lane(weights, key as 0 | 1 | 2 | 3)), change, result)),
        )
      })
    })
  }

  /** S with the rows of the chunk in it. */
  #change(state: readonly Name[], first: Value, here: Value): void {
    const k = this.#k
    const { features, terms } = this.#pass
    const [term] = terms
    invariant(term !== undefined, 'a chunk is of one term')
    const { width, factors } = this.#layout
    const numbers = this.#frame.binding('chunkRows')
    const all = k.let('all', ir.load(numbers, ir.add(chunkRowStart(width, ir.u32(rows - 1)), factors)))
    for (const entry of state) k.multiply(entry, ir.splat(all))
    const lastFour = lanes * (Math.ceil(features / lanes) - 1)
    k.rolled('key', 0, here, 1, (key) => {
      const after = ir.load(numbers, ir.add(chunkRowStart(width, key), factors + 1))
      const written = ir.sharedLoad(this.#shared.changes, ir.add(ir.mul(key, this.#across), columnFour))
      const change = k.let('keptChange', ir.mul(ir.splat(after), written))
      const x = this.#rows.at(term.x, ir.add(first, key))
      const start = k.let('keyStart', x.start)
      for (const of of range(state.length / lanes)) {
        const four = ir.mul(ir.add(u32Name('rowFour'), of * rowFours), lanes)
        const entries = k.let(
          `keyFour${of}`,
          fourEntries({ ...x, start }, features, ir.call('min', four, lastFour)),
        )
        for (const lane of fourLanes) {
          const entry = state[of * lanes + lane]
          if (entry !== undefined) k.set(entry, ir.fma(ir.splat(ir.lane(entries, lane)), change, entry))
        }
      }
    })
  }

  /** Stores the thread's columns that there are. */
  #storeColumns(word: string, value: Value, at: (column: Value) => Value, buffer: string): void {
    const k = this.#k
    const four = k.let(`${word}Four`, value)
    const into = this.#frame.binding(buffer)
    const whole = this.#schedule.valueDim % this.#pass.columns === 0
    eachLane((lane) => {
      const column = ir.add(this.#column, lane)
      k.guard(whole ? ir.bool(true) : ir.lt(column, this.#schedule.valueDim), () =>
        k.store(into, at(column), ir.lane(four, lane)),
      )
    })
  }
}

const columnFour = u32Name('columnFour')
