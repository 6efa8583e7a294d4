/** The rows of S in a decoding step: read, updated, written and weighed in one go, neighbouring numbers by neighbouring threads. */
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Value } from '../kernel.ts'
import { columnExists, columnInside } from './step-tile.ts'
import type { ComponentTile, HeadSums, Step } from './step-tile.ts'
import { extent, nth, range } from './tile.ts'

/** Numbers of S that a thread waits for together. */
const atOnce = 8

/** Takes the token into a tile of S, where the head is the group's first, and adds the query's products with it. */
export function readAndUpdate(k: Author, step: Step, head: HeadSums, tile: ComponentTile): void {
  const { state, columns, pass, across } = step
  const { query, first, width } = tile
  const beside = pass.tile.threads / across
  const features = Math.min(query.size, width)
  const rows = Math.max(1, Math.min(Math.floor(atOnce / columns.length), Math.ceil(features / beside)))
  const isWhole = tile.exact && features % (rows * beside) === 0
  const here = tile.exact ? ir.u32(features) : k.let('here', extent(first, ir.u32(query.size), width))
  const firstFeature = k.let('firstFeature', ir.div(ir.thread, across))
  k.strided('feature', firstFeature, here, rows * beside, (feature) => {
    const taken = range(rows).map((row) => {
      const own = ir.add(feature, row * beside)
      const at = isWhole ? own : k.let(`feature${row}`, ir.call('min', own, ir.sub(here, 1)))
      const rowStart = state.layout.s(state.start, ir.add(first, at, query.start), ir.u32(0))
      const places = columns.map((register) => ir.add(rowStart, columnInside(step, register)))
      const before = places.map((place, register) =>
        k.let(`s${row}_${register}`, ir.load(state.carried, place)),
      )
      return { own, row: { number: row, feature: at, places, before } }
    })
    for (const { own, row } of taken)
      k.guard(isWhole ? ir.bool(true) : ir.lt(own, here), () => takeRow(k, step, head, row))
  })
}

/** A row of S, as a thread holds it. */
interface Row {
  /** Among those that it waits for together. */
  readonly number: number
  /** Its feature within the tile. */
  readonly feature: Value
  /** Of each of the thread's columns: its place in the buffer, and what lies there. */
  readonly places: readonly Value[]
  readonly before: readonly Value[]
}

/** Updates the thread's columns of a row of S, and adds them by the row's weight. */
function takeRow(k: Author, step: Step, { sums, isFirst }: HeadSums, row: Row): void {
  const { arrays, state, columns, values } = step
  const { number, feature, places, before } = row
  const always = isFirst.kind === 'number'
  const [kept, added] = [ir.sharedLoad(arrays.kept, feature), ir.sharedLoad(arrays.added, feature)]
  const weight = k.let(`weight${number}`, ir.sharedLoad(arrays.weights, feature))
  for (const register of columns) {
    const updated = ir.add(ir.mul(nth(before, register), kept), ir.mul(added, nth(values, register)))
    const now = k.var(`now${number}_${register}`, always ? updated : nth(before, register))
    k.guard(columnExists(step, register), () => {
      k.guard(isFirst, () => {
        if (!always) k.set(now, updated)
        k.store(state.carried, nth(places, register), now)
      })
      k.add(nth(sums, register), ir.mul(weight, now))
    })
  }
}
