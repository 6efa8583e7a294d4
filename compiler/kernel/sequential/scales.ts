/**
 * Scaled sums of a walk. S and z of a feature are kept over 2^scale, and so are the weights of the keys of a chunk:
 * pairs are then products of two factors, 2^(key − scale) and 2^(query + scale − scale of the row), and there are as
 * many exponentials as there are features of rows, not of pairs.
 *
 * For that one scale must serve several rows, and must not know of later ones. It is therefore set for a stretch of
 * rows from what the keys up to the first of them are: their largest exponent, and some bits of headroom, by which
 * later keys may surpass it. The stretch ends before the first row whose key surpasses it by more, and that row begins
 * the next one. So no power of two is taken of a positive number, no row depends on a later key, and a row loses
 * nothing but terms that are smaller than its largest by the range of f32 less the headroom.
 */
import type { Features } from '../../schedule/schedule.ts'
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import { lowest } from '../kernel.ts'
import type { SharedArray, Value } from '../kernel.ts'
import type { Elapsed } from '../lower/action.ts'
import { raised, relativeTo } from '../lower/running-scale.ts'
import { acrossLanes, inLanes } from '../lower/tile.ts'
import { downTo, sumsAt } from './chunk.ts'
import type { Chunk, Stretch } from './chunk.ts'
import { valueRoundedUp } from './panels.ts'
import { tileColumns } from './tile-product.ts'

/** Bits by which a key may surpass all before its stretch: a large part of what exponents vary by, a small one of f32's range. */
const headroom = 16

/** Arrays of f32 that scaled sums need beside those of every walk. */
export interface ScaleArrays {
  /** By feature and row of the chunk. */
  readonly keyExponents: SharedArray
  readonly keyCoefficients: SharedArray | undefined
  readonly queryExponents: SharedArray
  readonly queryCoefficients: SharedArray | undefined
  /** Of a walk for gradients: query weights without their coefficients, and exponents before, whatever these are. */
  readonly queryPowers: SharedArray | undefined
  /** By feature: what S and z are over, and the largest exponent so far. */
  readonly scales: SharedArray
  readonly largest: SharedArray
  /** By row of the chunk: by how much its key surpasses the scales; then a bound of its exponents. */
  readonly surplus: SharedArray
  /** By row of the chunk: the exponent that a row's sums are over. */
  readonly rowScales: SharedArray
}

/**
 * The arrays for so many features, padded to tiles, and rows of a chunk.
 *
 * @param powers whether weights of queries are wanted without their coefficients, too
 */
export function scaleArrays(
  padded: number,
  rows: number,
  sides: { readonly query: Features; readonly key: Features },
  powers = false,
): ScaleArrays {
  const array = (name: string, length: number): SharedArray => ({ name, element: 'f32', length })
  const coefficients = ({ blocks }: Features, name: string): SharedArray | undefined =>
    blocks.some(({ term }) => term.kind === 'scaled' && term.coefficient !== undefined)
      ? array(name, padded * rows)
      : undefined
  return {
    keyExponents: array('keyExponents', padded * rows),
    keyCoefficients: coefficients(sides.key, 'keyCoefficients'),
    queryExponents: array('queryExponents', padded * rows),
    queryCoefficients: coefficients(sides.query, 'queryCoefficients'),
    queryPowers: powers ? coefficients(sides.query, 'queryPowers') : undefined,
    scales: array('scales', padded),
    largest: array('largest', padded),
    surplus: array('surplus', rows),
    rowScales: array('rowScales', rows),
  }
}

/** The scales of a walk through chunks. */
export class Scales {
  readonly #k: Author
  readonly #chunk: Chunk
  readonly #arrays: ScaleArrays

  constructor(k: Author, chunk: Chunk, arrays: ScaleArrays) {
    this.#k = k
    this.#chunk = chunk
    this.#arrays = arrays
  }

  /** Nothing has been seen. */
  start(): void {
    const { scales, largest } = this.#arrays
    this.#eachFeature('started', (feature) => {
      this.#k.sharedStore(scales, feature, ir.f32(lowest))
      this.#k.sharedStore(largest, feature, ir.f32(lowest))
    })
  }

  /** Sets the scales by the keys up to row `from`, and shrinks what is over them. */
  raise(from: Value, keys: Value): void {
    const k = this.#k
    const { arrays, columns, action } = this.#chunk
    const { scales, largest, keyExponents } = this.#arrays
    this.#eachFeature('raised', (feature) => {
      const exponent = ir.sharedLoad(keyExponents, this.#place(feature, from))
      const own = ir.select(ir.lt(from, keys), exponent, lowest)
      const top = k.let('top', raised(action.row.lower(ir.sharedLoad(largest, feature)), own))
      const before = k.let('before', action.row.lower(ir.sharedLoad(scales, feature)))
      const scale = k.let('scale', raised(before, ir.add(top, headroom)))
      k.sharedStore(largest, feature, top)
      k.sharedStore(scales, feature, scale)
      k.if(ir.lt(before, scale), () => {
        const shrink = k.let('shrink', relativeTo(scale, before))
        k.sharedStore(arrays.totals, feature, ir.mul(ir.sharedLoad(arrays.totals, feature), shrink))
        k.strided('shrunk', 0, columns, tileColumns, (column) => {
          for (const offset of [0, 4]) {
            const at = ir.add(sumsAt(this.#chunk, feature, column), offset)
            k.sharedStore(arrays.sums, at, ir.mul(ir.sharedLoadFour(arrays.sums, at), ir.splat(shrink)))
          }
        })
      })
    })
  }

  /** Weights of the chunk's keys from row `from` on, and by how much each row's surpass the scales. */
  weighKeys(from: Value, keys: Value): void {
    const k = this.#k
    const { arrays } = this.#chunk
    const { scales, keyExponents, keyCoefficients, surplus } = this.#arrays
    this.#eachFour('surplus4', from, keys, (four) => k.sharedStore(surplus, four, ir.splat(lowest)))
    this.#eachFeature('weighed', (feature) => {
      const scale = k.let('scaleOfKeys', ir.splat(ir.sharedLoad(scales, feature)))
      this.#eachFour('weighed4', from, keys, (four) => {
        const at = k.let('weighedAt', this.#place(feature, four))
        const exponent = this.#asOf(from, four, ir.sharedLoadFour(keyExponents, at))
        const over = k.let('over', ir.sub(exponent, scale))
        k.sharedStore(surplus, four, raised(ir.sharedLoadFour(surplus, four), over))
        const power = ir.call('exp2', ir.call('min', over, ir.splat(0)))
        k.sharedStore(arrays.ofKeys, at, times(keyCoefficients, at, power))
      })
    })
  }

  /** The first row after `from` whose key surpasses the scales, or `end`. */
  endOf(from: Value, keys: Value, end: Value): Value {
    const k = this.#k
    const to = k.var('to', end)
    k.loop('surpassing', ir.add(from, 1), keys, (row) =>
      k.if(ir.and(ir.lt(row, to), ir.gt(ir.sharedLoad(this.#arrays.surplus, row), 0)), () => k.set(to, row)),
    )
    return to
  }

  /** Weights of the stretch's queries, over the scale of each row. */
  weighQueries({ from, to }: Pick<Stretch, 'from' | 'to'>): void {
    const k = this.#k
    const { arrays } = this.#chunk
    const { scales, queryExponents, queryCoefficients, rowScales } = this.#arrays
    const before = (feature: Value): Value => ir.splat(ir.sharedLoad(scales, feature))
    this.#eachFour('scaled4', from, to, (four) => {
      const scale = k.var('rowScale', ir.splat(lowest))
      this.#eachFeature('largestOf', (feature) => {
        const exponent = ir.sharedLoadFour(queryExponents, this.#place(feature, four))
        k.set(scale, raised(scale, ir.add(exponent, before(feature))))
      })
      this.#eachFeature('weighedQuery', (feature) => {
        const at = k.let('queryAt', this.#place(feature, four))
        const exponent = ir.add(ir.sharedLoadFour(queryExponents, at), before(feature))
        k.sharedStore(arrays.ofQueries, at, times(queryCoefficients, at, relativeTo(scale, exponent)))
        this.#power(at, (written) => ir.sub(ir.add(written, before(feature)), scale))
      })
      k.sharedStore(rowScales, four, this.#since(from, four).lower(scale))
    })
  }

  /** Weights of the stretch's queries where keys are over the scale of their row already, so that none is above 2^headroom. */
  weighReaders({ from, to }: Pick<Stretch, 'from' | 'to'>): void {
    const k = this.#k
    const { arrays } = this.#chunk
    const { scales, queryExponents, queryCoefficients } = this.#arrays
    this.#eachFeature('weighedReader', (feature) => {
      const scale = k.let('scaleOfReaders', ir.splat(ir.sharedLoad(scales, feature)))
      this.#eachFour('reader4', from, to, (four) => {
        const at = k.let('readerAt', this.#place(feature, four))
        const over = (exponent: Value): Value => this.#since(from, four).lower(ir.add(exponent, scale))
        const power = bounded(over(ir.sharedLoadFour(queryExponents, at)))
        k.sharedStore(arrays.ofQueries, at, times(queryCoefficients, at, power))
        this.#power(at, over)
      })
    })
  }

  /** A query weight without its coefficient, which may be 0 and have a derivative. */
  #power(at: Value, over: (written: Value) => Value): void {
    const { queryPowers } = this.#arrays
    if (queryPowers === undefined) return
    const written = ir.sharedLoadFour(queryPowers, at)
    this.#k.sharedStore(queryPowers, at, bounded(over(written)))
  }

  /** Takes the stretch's keys into the largest exponents, and has its rows but the first act on the scales. */
  pass({ from, to, keysTo }: Stretch): void {
    const k = this.#k
    const { scales, largest, keyExponents, surplus: bounds } = this.#arrays
    // No exponent is above the bound of its row, and none of another stretch counts.
    this.#eachFour('bound4', from, keysTo, (four) => {
      const bound = inLanes((lane) => {
        const row = ir.add(four, lane)
        return ir.select(ir.and(ir.le(from, row), ir.lt(row, keysTo)), -lowest, ir.f32(lowest))
      })
      k.sharedStore(bounds, four, bound)
    })
    this.#eachFeature('passed', (feature) => {
      const tops = k.var('tops', ir.splat(lowest))
      this.#eachFour('passed4', from, keysTo, (four) => {
        const exponents = this.#asOf(from, four, ir.sharedLoadFour(keyExponents, this.#place(feature, four)))
        k.set(tops, raised(tops, ir.call('min', exponents, ir.sharedLoadFour(bounds, four))))
      })
      const top = raised(acrossLanes(tops, raised), ir.sharedLoad(largest, feature))
      const rows = this.#chunk.action.after(ir.convert('f32', ir.sub(ir.sub(to, from), 1)))
      k.sharedStore(largest, feature, rows.lower(top))
      rows.act(() => k.sharedStore(scales, feature, rows.lower(ir.sharedLoad(scales, feature))))
    })
  }

  /** Exponents of four keys as they weigh in row `from`: fewer rows have acted on a later key. */
  #asOf(from: Value, four: Value, exponents: Value): Value {
    return this.#since(from, four).raise(exponents)
  }

  /** What rows do between row `from` and each of four behind it; the opposite of it for rows before. */
  #since(from: Value, four: Value): Elapsed {
    const row = (lane: number): Value => ir.convert('f32', ir.add(four, lane))
    return this.#chunk.action.after(ir.sub(inLanes(row), ir.splat(ir.convert('f32', from))))
  }

  #place(feature: Value, row: Value): Value {
    return ir.add(ir.mul(feature, this.#chunk.pass.rows), row)
  }

  #eachFeature(word: string, then: (feature: Value) => void): void {
    this.#k.loop(`${word}_feature`, 0, this.#chunk.schedule.features, then)
  }

  /** Rows in fours, by the first of each; as many as whole tiles of rows have. */
  #eachFour(word: string, from: Value, to: Value, then: (four: Value) => void): void {
    this.#k.strided(word, downTo(from, tileColumns), valueRoundedUp(to, tileColumns), 4, then)
  }
}

/** A power of two that is at most 2^headroom, as that of each term is. */
const bounded = (exponent: Value): Value => ir.call('exp2', ir.call('min', exponent, ir.splat(headroom)))

const times = (coefficients: SharedArray | undefined, at: Value, power: Value): Value =>
  coefficients === undefined ? power : ir.mul(ir.sharedLoadFour(coefficients, at), power)
