/**
 * Recur, what pairs of rows in a chunk are to each other: a workgroup has a chunk of a head. `schedule/recur-chunks.ts`
 * has the formulas.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import { chunkRow, rowsOfRecurrence } from '../../schedule/schedule.ts'
import type { RecurPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { divide, frame, groupNames, owner, u32Name } from './frame.ts'
import type { Frame } from './frame.ts'
import { keyRowsOf } from './recur.ts'
import { fourEntries, RecurRows } from './recur-rows.ts'
import type { RowEntries } from './recur-rows.ts'
import { acrossLanes, eachLane, extent, fourLanes, inLanes, lanes, range } from './tile.ts'

const rows = rowsOfRecurrence
/** Fours of rows, and threads along either side of the pairs. */
const fours = rows / lanes

/** The kernel of U, W, weights and factors. */
export function lowerRecurPairs(schedule: Schedule, pass: RecurPass): Kernel {
  const from = frame(schedule, pass)
  const shared = {
    work: { name: 'work', element: 'f32', length: rows * pass.threads },
    before: { name: 'before', element: 'f32', length: rows },
    coefficients: { name: 'coefficients', element: 'vec4f', length: rows * fours },
  } as const
  const body = record((k) => new Pairs(k, schedule, pass, from, shared).write())
  const summary = 'Computes what rows of a chunk are to each other and to the state before it.'
  return from.kernel(summary, Object.values(shared), body)
}

/** Where a row of a chunk has its numbers in `chunkRows`: declared names `chunk` and `slice` say which chunk. */
export const chunkRowStart = (width: number, row: Value): Value =>
  ir.mul(ir.add(ir.mul(ir.add(ir.mul(owner.slice, ir.shape('chunks')), u32Name('chunk')), rows), row), width)

interface Shared {
  /** E_ij at i · rows + j; then the column that a thread solves for, row by row. */
  readonly work: SharedArray
  /** X_i. */
  readonly before: SharedArray
  /** c_i E_(i−1)j (a_i·x_j) for four rows i at j · fours + i / 4; 0 where j ≥ i. */
  readonly coefficients: SharedArray
}

/** The work of one thread. */
class Pairs {
  readonly #k: Author
  readonly #schedule: Schedule
  readonly #pass: RecurPass
  readonly #frame: Frame
  readonly #shared: Shared
  readonly #rows: RecurRows
  readonly #layout: ReturnType<typeof chunkRow>
  readonly #first: Value
  /** How many key rows the chunk has. */
  readonly #here: Value
  readonly #keyRows: Value

  constructor(k: Author, schedule: Schedule, pass: RecurPass, from: Frame, shared: Shared) {
    this.#k = k
    this.#schedule = schedule
    this.#pass = pass
    this.#frame = from
    this.#shared = shared
    this.#layout = chunkRow(pass, schedule.valueDim)
    k.use(
      divide(
        [
          ['chunk', ir.shape('chunks')],
          ['headInGroup', 1],
        ],
        'slice',
      ),
      groupNames(from.counts, 'heads'),
    )
    this.#keyRows = k.let('keyRows', keyRowsOf(from))
    this.#first = k.let('first', ir.mul(u32Name('chunk'), rows))
    this.#here = k.let('here', extent(this.#first, this.#keyRows, rows))
    this.#rows = new RecurRows(k, pass, from)
  }

  write(): void {
    const k = this.#k
    this.#multiplyFactors()
    k.barrier()
    this.#takePairs()
    if (this.#layout.solved === undefined) return
    k.barrier()
    const { valueDim } = this.#schedule
    const { writes, reads } = this.#term
    const [read] = reads
    invariant(read !== undefined, 'something is read')
    this.#solve('value', valueDim, this.#layout.solved.u, (row, column) => {
      const parts = writes.map((y) => this.#entry(this.#rows.at(y, row), column))
      return parts.reduce<Value>((sum, part) => ir.add(sum, part), ir.f32(0))
    })
    this.#solve('feature', this.#pass.features, this.#layout.solved.w, (row, column, place) =>
      ir.mul(
        ir.mul(this.#number(read.by, row), ir.sharedLoad(this.#shared.before, place)),
        this.#entry(this.#rows.at(read.a, row), column),
      ),
    )
  }

  get #term(): RecurPass['terms'][number] {
    const [term] = this.#pass.terms
    invariant(term !== undefined, 'a chunk is of one term')
    return term
  }

  #entry({ buffer, start }: RowEntries, index: Value): Value {
    return ir.load(buffer, ir.add(start, index))
  }

  /** The number of a key row that is there. */
  #number(of: RecurPass['scale'], row: Value): Value {
    return typeof of === 'number' ? ir.f32(of) : this.#entry(this.#rows.at(of, row), ir.u32(0))
  }

  /** A key row of the chunk, or the last one that there is. */
  #keyRow(place: Value): Value {
    return ir.call('min', ir.add(this.#first, place), ir.sub(ir.call('max', this.#keyRows, 1), 1))
  }

  /** D of a row of the chunk; 1 behind the last key. */
  #factor(place: Value): Value {
    return ir.select(ir.lt(place, this.#here), this.#number(this.#pass.scale, this.#keyRow(place)), 1)
  }

  #store(place: Value, offset: Value | number, value: Value): void {
    const { width } = this.#layout
    const at = ir.add(chunkRowStart(width, place), offset)
    const four = this.#frame.binding('chunkRows')
    this.#k.store(four, at, value)
  }

  /** Products of D: a thread has those after one row, and another one those from the first row on. */
  #multiplyFactors(): void {
    const k = this.#k
    const { factors } = this.#layout
    k.if(ir.lt(ir.thread, rows), () => {
      const after = k.var('after', ir.f32(1))
      k.sharedStore(this.#shared.work, ir.mul(ir.thread, rows + 1), ir.f32(1))
      k.rolled('later', ir.add(ir.thread, 1), rows, 1, (row) => {
        k.multiply(after, this.#factor(row))
        k.sharedStore(this.#shared.work, ir.add(ir.mul(row, rows), ir.thread), after)
      })
      this.#store(ir.thread, factors + 1, after)
    })
    k.if(ir.eq(ir.thread, rows), () => {
      const all = k.var('all', ir.f32(1))
      k.rolled('row', 0, rows, 1, (row) => {
        k.sharedStore(this.#shared.before, row, all)
        k.multiply(all, this.#factor(row))
        this.#store(row, factors, all)
      })
    })
  }

  /** Products of four rows and four key rows, each over all features, in four parts. */
  #products(word: string, left: (place: Value) => RowEntries): readonly (readonly Value[])[] {
    const k = this.#k
    const { features } = this.#pass
    const sums = range(lanes).map((i) => k.registers(`${word}_${i}`, 'vec4f', lanes))
    const [rowStarts, keyStarts] = [
      left,
      (place: Value) => this.#rows.at(this.#term.x, this.#keyRow(place)),
    ].map((entries, side) =>
      range(lanes).map((of) => {
        const made = entries(ir.add(ir.mul(side === 0 ? u32Name('rowFour') : u32Name('keyFour'), lanes), of))
        return { ...made, start: k.let(`${word}${side === 0 ? 'Row' : 'Key'}${of}`, made.start) }
      }),
    ) as [RowEntries[], RowEntries[]]
    k.rolled(`${word}Feature`, 0, features, lanes, (feature) => {
      const keys = keyStarts.map((one, of) => k.let(`${word}Right${of}`, fourEntries(one, features, feature)))
      rowStarts.forEach((one, i) => {
        const entries = k.let(`${word}Left${i}`, fourEntries(one, features, feature))
        keys.forEach((key, j) => {
          const sum = sums[i]?.[j]
          if (sum !== undefined) k.set(sum, ir.fma(entries, key, sum))
        })
      })
    })
    return sums.map((one) => one.map((sum) => acrossLanes(sum, ir.add)))
  }

  /** Weights of pairs, and coefficients where something is read: four rows by four keys a thread. */
  #takePairs(): void {
    const k = this.#k
    const rowFour = k.let('rowFour', ir.div(ir.thread, fours))
    const keyFour = k.let('keyFour', ir.mod(ir.thread, fours))
    const place = (four: Value, of: number): Value => ir.add(ir.mul(four, lanes), of)
    const [read] = this.#term.reads
    if (read !== undefined)
      k.if(ir.gt(keyFour, rowFour), () => this.#storeCoefficients(keyFour, rowFour, () => ir.splat(0)))
    k.if(ir.le(keyFour, rowFour), () => {
      const last = ir.sub(ir.shape('length'), 1)
      const query = (of: Value): RowEntries =>
        this.#rows.at(this.#pass.queries, ir.call('min', ir.add(this.#first, of), last))
      const weights = this.#products('weight', query)
      range(lanes).forEach((i) => {
        const row = place(rowFour, i)
        range(lanes).forEach((j) => {
          const key = place(keyFour, j)
          const seen = ir.and(ir.le(key, row), ir.lt(key, this.#here))
          const after = ir.sharedLoad(this.#shared.work, ir.add(ir.mul(row, rows), ir.call('min', key, row)))
          const weight = ir.mul(weights[i]?.[j] ?? 0, after)
          this.#store(row, ir.add(place(keyFour, j), this.#layout.weights), ir.select(seen, weight, 0))
        })
      })
      if (read === undefined) return
      const products = this.#products('read', (of) => this.#rows.at(read.a, this.#keyRow(of)))
      this.#storeCoefficients(keyFour, rowFour, (j) =>
        inLanes((i) => {
          const [row, key] = [place(rowFour, i), place(keyFour, j)]
          const before = ir.sub(ir.call('max', row, 1), 1)
          const after = ir.sharedLoad(
            this.#shared.work,
            ir.add(ir.mul(before, rows), ir.call('min', key, before)),
          )
          const by = ir.mul(this.#number(read.by, this.#keyRow(row)), after)
          return ir.select(ir.lt(key, row), ir.mul(products[i]?.[j] ?? 0, by), 0)
        }),
      )
    })
  }

  #storeCoefficients(keyFour: Value, rowFour: Value, of: (key: number) => Value): void {
    for (const j of range(lanes)) {
      const at = ir.add(ir.mul(ir.add(ir.mul(keyFour, lanes), j), fours), rowFour)
      this.#k.sharedStore(this.#shared.coefficients, at, of(j))
    }
  }

  /**
   * Solves column by column, u_i = right_i + Σ_(j<i) coefficient_ij u_j, four rows at a time. A thread's column is in
   * workgroup memory, where no other thread looks at it.
   */
  #solve(
    word: string,
    columns: number,
    offset: number,
    right: (row: Value, column: Value, place: Value) => Value,
  ): void {
    const k = this.#k
    const { threads } = this.#pass
    const { work, coefficients } = this.#shared
    const at = (row: Value): Value => ir.add(ir.mul(row, threads), ir.thread)
    k.strided(word, ir.thread, columns, threads, (column) =>
      k.rolled(`${word}Four`, 0, fours, 1, (four) => {
        const places = eachLane((of) => ir.add(ir.mul(four, lanes), of))
        const rowOf = (of: 0 | 1 | 2 | 3): Value =>
          ir.select(ir.lt(places[of], this.#here), right(this.#keyRow(places[of]), column, places[of]), 0)
        const solved = k.var(`${word}Solved`, inLanes(rowOf))
        const add = (key: Value, entry: Value): void =>
          k.set(
            solved,
            ir.fma(ir.sharedLoad(coefficients, ir.add(ir.mul(key, fours), four)), ir.splat(entry), solved),
          )
        k.rolled(`${word}Before`, 0, ir.mul(four, lanes), 1, (key) => add(key, ir.sharedLoad(work, at(key))))
        for (const of of [0, 1, 2] as const) add(places[of], ir.lane(solved, of))
        for (const of of fourLanes) {
          k.sharedStore(work, at(places[of]), ir.lane(solved, of))
          this.#store(places[of], ir.add(column, offset), ir.lane(solved, of))
        }
      }),
    )
  }
}
