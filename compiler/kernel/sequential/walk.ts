/**
 * Walk: one thread takes the rows of a group in chunks, in order, and has the state of all rows before in its scratch,
 * which its cache holds. Of a chunk it computes φ of the keys and of the queries, reads the queries out of the state
 * and of the pairs inside the chunk, and adds the keys to the state. Without a mask all keys come before all queries.
 */
import type { Schedule, WalkPass } from '../../schedule/schedule.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Binding, Kernel, SharedArray, Value } from '../kernel.ts'
import { divide, firstPositionOf, frame, groupNames, headsOf, u32Name, visible } from '../lower/frame.ts'
import type { Frame } from '../lower/frame.ts'
import { mendRow } from '../lower/mend-row.ts'
import { isWhole } from '../lower/readout.ts'
import { rowsFrom, rowsOfCall, rowStart } from '../lower/row-places.ts'
import { namedPlaces } from '../lower/rows.ts'
import { extent } from '../lower/tile.ts'
import { carryIn, carryOut } from './carry.ts'
import { chunkFeatures } from './chunk-features.ts'
import type { ChunkFeatures, Target } from './chunk-features.ts'
import { roundedUp } from './panels.ts'
import type { Chunk, OutRows, Stretch, WalkArrays } from './chunk.ts'
import { rowsOf, valuesOf } from './operands.ts'
import type { Values } from './operands.ts'
import { noPowers, powersOf } from './powers.ts'
import { tileColumns, tileRows } from './tile-product.ts'
import { scaleArrays, Scales } from './scales.ts'
import type { ScaleArrays } from './scales.ts'
import { absorb, readRows, weighPairs } from './sums.ts'
import { actOnKeys } from './through.ts'

/** The kernel that takes the rows of a group through its state. */
export function lowerWalk(schedule: Schedule, pass: WalkPass): Kernel {
  const { kernel, ...from } = frame(schedule, pass)
  const walk = new Walk(schedule, pass, from)
  const body = record((k) => walk.write(k))
  const summary =
    'The rows of a group in order: each out of the state of the chunks before and the pairs of its own.'
  return kernel(summary, walk.shared, body)
}

class Walk {
  readonly #schedule: Schedule
  readonly #pass: WalkPass
  readonly #frame: Pick<Frame, 'action' | 'binding' | 'counts'>
  readonly #arrays: WalkArrays
  readonly #scales: ScaleArrays | undefined
  readonly #values: Values
  readonly #features: { readonly query: ChunkFeatures; readonly key: ChunkFeatures }
  readonly #chunk: Chunk

  constructor(schedule: Schedule, pass: WalkPass, from: Pick<Frame, 'action' | 'binding' | 'counts'>) {
    this.#schedule = schedule
    this.#pass = pass
    this.#frame = from
    const { valueDim, features } = schedule
    const { rows, query, key } = pass
    const scaled = pass.scaling === 'scaled'
    const padded = roundedUp(features, tileRows)
    const columns = roundedUp(valueDim, tileColumns)
    const array = (name: string, length: number): SharedArray => ({ name, element: 'f32', length })
    this.#arrays = {
      ofKeys: array('ofKeys', padded * rows),
      ofQueries: array('ofQueries', padded * rows),
      pairs: array('pairs', rows * rows),
      sums: array('sums', padded * columns),
      totals: array('totals', padded),
      seen: array('seen', rows),
      denominators: array('denominators', rows),
    }
    this.#scales = scaled ? scaleArrays(padded, rows, pass) : undefined
    this.#values = valuesOf(schedule, pass, from.binding)
    this.#features = {
      query: chunkFeatures(schedule, rows, query.blocks),
      key: chunkFeatures(schedule, rows, key.blocks),
    }
    this.#chunk = {
      schedule,
      pass,
      arrays: this.#arrays,
      columns,
      values: this.#values.panel,
      out: outRows(schedule, from.binding('out')),
      ...(this.#scales && { rowScales: this.#scales.rowScales }),
      action: from.action,
      powers: scaled ? noPowers : powersOf(from.action, rows),
    }
  }

  /** Scratch; that of features serves both sides in turn. */
  get shared(): readonly SharedArray[] {
    const { ofKeys, ofQueries, pairs, sums, totals, seen, denominators } = this.#arrays
    const { query, key } = this.#features
    const scales = Object.values<SharedArray | undefined>({ ...this.#scales })
    const all = [
      ofKeys,
      ofQueries,
      ...(this.#pass.causal ? [pairs] : []),
      sums,
      totals,
      seen,
      ...(this.#pass.mended === undefined ? [] : [denominators]),
      ...scales.filter((one) => one !== undefined),
      ...this.#chunk.powers.shared,
      ...query.shared,
      ...key.shared,
      ...this.#values.shared,
    ]
    const longest = new Map<string, SharedArray>()
    for (const one of all) if (one.length >= (longest.get(one.name)?.length ?? 0)) longest.set(one.name, one)
    return [...longest.values()]
  }

  write(k: Author): void {
    const { groups } = this.#schedule
    const { action, counts } = this.#frame
    const { rows } = this.#pass
    k.use(divide([], 'slice'), groupNames(counts, groups, false))
    action.declare(k)
    this.#chunk.powers.fill(k)
    this.#begin(k)
    if (!this.#pass.causal) return this.#writeApart(k)
    k.strided('first', 0, ir.shape('length'), rows, (first) => {
      const here = k.let('here', extent(first, ir.shape('length'), rows))
      const keys = k.let('keys', ir.call('min', extent(first, visible, rows), here))
      this.#fillKeys(k, keys)
      if (this.#scales === undefined) this.#plainStretches(k, here, keys)
      else this.#scaledStretches(k, this.#scales, here, keys)
    })
    if (this.#pass.carries && !this.#catches) this.#carry(k)
  }

  /** Without a mask: all keys, then all queries. */
  #writeApart(k: Author): void {
    const { rows } = this.#pass
    const chunk = this.#chunk
    const scales = this.#scales && new Scales(k, chunk, this.#scales)
    k.strided('first', 0, visible, rows, (first) => {
      const keys = k.let('keys', extent(first, visible, rows))
      this.#fillKeys(k, keys)
      if (scales === undefined) absorb(k, chunk, { from: ir.u32(0), to: keys, keysTo: keys })
      else
        this.#stretches(k, keys, (from) => {
          const to = this.#weighKeys(scales, from, keys, keys)
          this.#absorb(k, scales, { from, to, keysTo: to })
          return to
        })
    })
    k.strided('first', 0, ir.shape('length'), rows, (first) => {
      const to = k.let('here', extent(first, ir.shape('length'), rows))
      const none = { from: ir.u32(0), to, keysTo: ir.u32(0) }
      this.#eachHead(k, () => {
        this.#fill(k, 'query', none)
        scales?.weighQueries(none)
        readRows(k, chunk, none)
        this.#mend(k, to)
      })
    })
  }

  #fillKeys(k: Author, keys: Value): void {
    this.#fill(k, 'key', { from: ir.u32(0), to: keys })
    this.#values.fill(k, keys)
  }

  /** Weights of the keys of a stretch that begins with row `from`; gives its end. */
  #weighKeys(scales: Scales, from: Value, keys: Value, end: Value): Value {
    scales.raise(from, keys)
    scales.weighKeys(from, keys)
    return scales.endOf(from, keys, end)
  }

  #absorb(k: Author, scales: Scales, stretch: Stretch): void {
    absorb(k, this.#chunk, stretch)
    scales.pass(stretch)
  }

  /** Whether the state is carried out as of the last visible row, because each that follows acts on it. */
  get #catches(): boolean {
    return this.#pass.carries && !this.#frame.action.isIdentity
  }

  #carry(k: Author): void {
    carryOut(k, this.#chunk, this.#frame.binding('carried'), this.#scales?.scales)
  }

  /** Carries the state out if row `to` of the chunk is the first that is not visible. */
  #catch(k: Author, first: Value, to: Value): void {
    if (!this.#catches) return
    const last = ir.call('min', visible, ir.shape('length'))
    k.if(ir.eq(ir.add(first, to), last), () => this.#carry(k))
  }

  /** Stretches of the chunk's rows, one after the other; `then` writes one and gives its end. */
  #stretches(k: Author, here: Value, then: (from: Value) => Value): void {
    const from = k.var('from', ir.u32(0))
    k.loop('stretch', 0, here, () => k.if(ir.lt(from, here), () => k.set(from, then(from))))
  }

  /** The end of the rows that may be one stretch with row `from`: a state that is to be caught is one of its last row. */
  #end(from: Value, here: Value, keys: Value): Value {
    return this.#catches ? ir.select(ir.lt(from, keys), keys, here) : here
  }

  /** The state of no rows, or of those before. */
  #begin(k: Author): void {
    const { sums, totals, ofKeys } = this.#arrays
    const { features } = this.#schedule
    clear(k, sums)
    clear(k, totals)
    if (features % tileRows !== 0) clear(k, ofKeys, features * this.#pass.rows)
    if (this.#scales !== undefined) new Scales(k, this.#chunk, this.#scales).start()
    if (this.#pass.begins)
      k.if(ir.gt(firstPositionOf(this.#frame.counts), 0), () =>
        carryIn(k, this.#chunk, this.#frame.binding('carried'), this.#scales?.scales),
      )
    this.#catch(k, ir.u32(0), ir.u32(0))
  }

  #fill(k: Author, side: 'query' | 'key', { from, to }: Pick<Stretch, 'from' | 'to'>): void {
    const rows = rowsOf(this.#schedule, this.#pass, this.#frame, side)
    const tiles = { from: ir.div(from, tileColumns), to: ir.div(ir.add(to, tileColumns - 1), tileColumns) }
    this.#features[side].fill(k, rows, this.#target(side), tiles)
  }

  #target(side: 'query' | 'key'): Target {
    const scales = this.#scales
    const queries = side === 'query'
    if (scales === undefined)
      return { values: queries ? this.#arrays.ofQueries : this.#arrays.ofKeys, coefficients: undefined }
    return {
      values: queries ? scales.queryExponents : scales.keyExponents,
      coefficients: queries ? scales.queryCoefficients : scales.keyCoefficients,
    }
  }

  #eachHead(k: Author, then: () => void): void {
    const heads = headsOf(this.#schedule.groups)
    k.loop('headInGroup', 0, heads, (head) => {
      k.let('queryHead', ir.add(ir.mul(u32Name('group'), heads), head))
      then()
    })
  }

  #plainStretches(k: Author, here: Value, keys: Value): void {
    if (!this.#catches) return this.#plainStretch(k, { from: ir.u32(0), to: here, keysTo: keys })
    this.#stretches(k, here, (from) => {
      const to = k.let('to', this.#end(from, here, keys))
      this.#plainStretch(k, { from, to, keysTo: ir.call('min', to, keys) })
      this.#catch(k, u32Name('first'), to)
      return to
    })
  }

  #plainStretch(k: Author, stretch: Stretch): void {
    const chunk = this.#chunk
    this.#eachHead(k, () => {
      this.#fill(k, 'query', stretch)
      weighPairs(k, chunk, stretch)
      readRows(k, chunk, stretch)
      this.#mend(k, stretch.to)
    })
    this.#frame.action.row.act(() => actOnKeys(k, chunk, stretch))
    absorb(k, chunk, stretch)
  }

  #scaledStretches(k: Author, arrays: ScaleArrays, here: Value, keys: Value): void {
    const chunk = this.#chunk
    const scales = new Scales(k, chunk, arrays)
    this.#stretches(k, here, (from) => {
      const to = this.#weighKeys(scales, from, keys, this.#end(from, here, keys))
      const stretch = { from, to, keysTo: ir.call('min', to, keys) }
      this.#eachHead(k, () => {
        this.#fill(k, 'query', stretch)
        scales.weighQueries(stretch)
        weighPairs(k, chunk, stretch)
        readRows(k, chunk, stretch)
      })
      this.#absorb(k, scales, stretch)
      this.#catch(k, u32Name('first'), to)
      return to
    })
  }

  /** Rows of the chunk whose plain sums may have lost digits, computed anew. */
  #mend(k: Author, to: Value): void {
    const pass = this.#pass
    const { mended } = pass
    if (mended === undefined) return
    k.loop('mendedRow', 0, to, (own) =>
      k.if(ir.not(isWhole(pass, ir.sharedLoad(this.#arrays.denominators, own))), () => {
        const row = k.let('ownRow', ir.add(u32Name('first'), own))
        const columns = { firstColumn: ir.u32(0), columns: this.#schedule.valueDim }
        mendRow(k, this.#schedule, { ...pass, ...mended }, this.#frame, { row, ...columns })
      }),
    )
  }
}

/** Rows of the result, as they lie in the caller's tensor. */
function outRows({ valueDim }: Schedule, out: Binding): OutRows {
  return {
    begin: (k) => {
      const places = namedPlaces(k, 'outRows', rowsFrom(rowsOfCall('query', valueDim), u32Name('first')))
      return (place) => rowStart(places, place)
    },
    store: (k, index, value) => k.store(out, index, value),
  }
}

/** Zeros from an element on; all lengths are multiples of 4. */
export function clear(k: Author, of: SharedArray, from = 0): void {
  k.strided(`clear_${of.name}`, from, of.length, 4, (index) => k.sharedStore(of, index, ir.splat(0)))
}
