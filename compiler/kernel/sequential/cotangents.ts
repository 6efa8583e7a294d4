/**
 * Cotangents of φ of the rows that read a state: of each feature and row of a stretch, S g of what came before, and the
 * pairs inside, for which `pairs` holds the products of g and values. They lie in scratch, by feature and place, until
 * a row's are complete.
 */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import { eachLane, fourLanes } from '../lower/tile.ts'
import { downTo, sumsAt } from './chunk.ts'
import type { Chunk, Stretch } from './chunk.ts'
import { roundedUp } from './panels.ts'
import { four, isStored, multiplyPairs, number } from './sums.ts'
import { addPanels, eachOfTile, tileColumns, tileOf, tileRows } from './tile-product.ts'

/** Scratch of what reads a state by cotangents. */
export interface CotangentArrays {
  /** Values of the keys, row by row. */
  readonly values: SharedArray
  /** Rows that read the state, turned over: [columns] by places. */
  readonly turned: SharedArray
  /** By feature and place: S g, with the pairs. */
  readonly ofState: SharedArray
  /** By feature and place: Σ φ(k) of the keys that a row sees, where a row is divided by what follows from it. */
  readonly reached: SharedArray | undefined
  /** By key and row of a chunk: what rows do between them; 0 for rows before the key. */
  readonly order: SharedArray | undefined
}

/** Fills `order`, once. */
export function fillOrder(k: Author, { pass, powers }: Chunk, { order }: CotangentArrays): void {
  if (order === undefined) return
  const { rows } = pass
  k.loop('orderKey', 0, rows, (key) =>
    k.loop('orderRow', 0, rows, (row) => {
      const since = powers.after(ir.sub(row, key)).value
      k.sharedStore(order, ir.add(ir.mul(key, rows), row), ir.select(ir.le(key, row), since, ir.f32(0)))
    }),
  )
}

/**
 * Products of values and of rows that read the state, into `pairs`.
 *
 * @param initial what is added to those of a key
 */
export function multiplyValues(
  k: Author,
  chunk: Chunk,
  { values, turned }: CotangentArrays,
  stretch: Stretch,
  initial?: (key: Value) => Value,
): void {
  const { schedule, pass, columns } = chunk
  multiplyPairs(k, chunk, stretch, {
    depth: { name: 'p', from: 0, to: schedule.valueDim },
    ofKeys: (key) => ({ load: number(values), start: ir.mul(key, columns), step: 1, apart: columns }),
    ofQueries: (row) => ({ load: four(turned), start: row, step: pass.rows, apart: 4 }),
    ...(initial && { initial }),
  })
}

/**
 * S g of the stretch's rows with the pairs, into `ofState`.
 *
 * @param withTotals whether z is another column of S, for which g is 1
 */
export function readState(
  k: Author,
  chunk: Chunk,
  { turned, ofState, reached, order }: CotangentArrays,
  stretch: Stretch,
  withTotals: boolean,
): void {
  const { pass, arrays, columns } = chunk
  const { rows } = pass
  const z = (feature: Value) => (item: number) =>
    ir.splat(ir.sharedLoad(arrays.totals, ir.add(feature, item)))
  eachTile(k, chunk, stretch, (feature, row) => {
    const tile = tileOf(k, 'read', withTotals ? z(feature) : undefined)
    k.strided('column8', 0, columns, tileColumns, (column) =>
      addPanels(
        k,
        tile,
        { name: 't', from: 0, to: tileColumns },
        { load: number(arrays.sums), start: sumsAt(chunk, feature, column), step: 1, apart: tileColumns },
        { load: four(turned), start: ir.add(ir.mul(column, rows), row), step: rows, apart: 4 },
      ),
    )
    finishTile(k, chunk, stretch, { tile, feature, row, pairs: arrays.pairs, into: ofState })
    if (reached === undefined) return
    const seen = tileOf(k, 'reached', z(feature))
    finishTile(k, chunk, stretch, { tile: seen, feature, row, pairs: order, into: reached })
  })
}

/** Tiles of four features and eight rows of the stretch. */
function eachTile(
  k: Author,
  { schedule }: Chunk,
  { from, to }: Stretch,
  then: (feature: Value, row: Value) => void,
): void {
  k.strided('row8', downTo(from, tileColumns), to, tileColumns, (row) =>
    k.strided('feature4', 0, roundedUp(schedule.features, tileRows), tileRows, (feature) =>
      then(feature, row),
    ),
  )
}

/** Has rows act on a tile of what came before, adds the keys inside, and stores it. */
function finishTile(
  k: Author,
  { pass, arrays, powers }: Chunk,
  { from, keysTo }: Stretch,
  of: {
    readonly tile: ReturnType<typeof tileOf>
    readonly feature: Value
    readonly row: Value
    readonly pairs: SharedArray | undefined
    readonly into: SharedArray
  },
): void {
  const { tile, feature, row, pairs, into } = of
  const { rows } = pass
  const word = into.name
  eachOfTile(tile, (sum, _, column) => powers.afterFour(ir.sub(ir.add(row, column + 1), from)).apply(k, sum))
  if (pass.causal && pairs !== undefined)
    addPanels(
      k,
      tile,
      { name: `${word}Key`, from, to: ir.call('min', keysTo, ir.add(row, tileColumns)) },
      { load: number(arrays.ofKeys), start: ir.mul(feature, rows), step: 1, apart: rows },
      { load: four(pairs), start: row, step: rows, apart: 4 },
    )
  const place = k.let(`${word}Place`, ir.add(ir.mul(feature, rows), row))
  eachOfTile(tile, (sum, item, column) => k.sharedStore(into, ir.add(place, item * rows + column), sum))
}

/** Where the cotangents of φ go: index of the first component of the row of a place. */
export interface FeatureRows {
  readonly buffer: Binding
  readonly begin: (place: Value) => Value
  readonly store: (k: Author, index: Value, value: Value) => void
}

/**
 * Stores the cotangents of four rows of a stretch.
 *
 * @param value of a feature, of the four rows (vec4f), by its place in scratch
 */
export function storeCotangents(
  k: Author,
  chunk: Chunk,
  stretch: Stretch,
  row: Value,
  out: FeatureRows,
  value: (at: Value) => Value,
): void {
  const { features } = chunk.schedule
  const { rows } = chunk.pass
  const stored = eachLane((lane) => k.let(`stored${lane}`, isStored(chunk, ir.add(row, lane), stretch)))
  const starts = eachLane((lane) => k.let(`cotangents${lane}`, out.begin(ir.add(row, lane))))
  k.strided('storedFeature', 0, features, tileRows, (feature) => {
    const at = k.let('storedAt', ir.add(ir.mul(feature, rows), row))
    const vectors = eachLane((item) => k.let(`cotangent${item}`, value(ir.add(at, item * rows))))
    for (const lane of fourLanes)
      k.if(stored[lane], () => {
        const start = k.let(`storedStart${lane}`, ir.add(starts[lane], feature))
        const whole = ir.vec4(...eachLane((item) => ir.lane(vectors[item], lane)))
        if (features % tileRows === 0) return out.store(k, start, whole)
        k.if(
          ir.le(ir.add(feature, tileRows), features),
          () => out.store(k, start, whole),
          () => {
            for (const item of [0, 1, 2] as const)
              k.if(ir.lt(ir.add(feature, item), features), () =>
                out.store(k, ir.add(start, item), ir.lane(vectors[item], lane)),
              )
          },
        )
      })
  })
}
