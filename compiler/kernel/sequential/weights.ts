/** From scores to weights, and the sums of values that they weigh. */
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import type { Value } from '../kernel.ts'
import { relativeTo } from '../lower/running-scale.ts'
import { eachLane } from '../lower/tile.ts'
import type { Block, Online } from './online-scratch.ts'
import { halves } from './scores.ts'
import { addProducts, eachOfTile, tileColumns, tileOf } from './tile-product.ts'

/**
 * Makes weights of the exponents in `pairs`, and adds them to the rows' totals.
 *
 * @returns what the sums of each half's rows are multiplied by as their scale has grown to `tops`: vec4f
 */
export function weigh(
  k: Author,
  { pass, scratch }: Online,
  { row, keys }: Block,
  tops: readonly Name[],
): readonly Name[] {
  const { pairs, totals, scales, coefficients } = scratch
  const weighed = pass.kernel.kind === 'scaled' && pass.kernel.coefficient !== undefined
  const shrinks = tops.map((top, half) => {
    const at = ir.add(row, half * 4)
    const shrink = k.let(`shrink${half}`, relativeTo(top, ir.sharedLoadFour(scales, at)))
    k.sharedStore(scales, at, top)
    return shrink
  })
  const sums = halves.map((half) => {
    const sofar = ir.sharedLoadFour(totals, ir.add(row, half * 4))
    const shrink = shrinks[half]
    return k.var(`total${half}`, shrink === undefined ? sofar : ir.mul(sofar, shrink))
  })
  k.strided('pair', 0, ir.mul(keys, tileColumns), tileColumns, (pair) =>
    sums.forEach((total, half) => {
      const place = ir.add(pair, half * 4)
      const score = ir.sharedLoadFour(pairs, place)
      const top = tops[half]
      if (top === undefined) {
        k.add(total, score)
        return
      }
      const power = relativeTo(top, score)
      const weight = k.let(
        `weight${half}`,
        weighed ? ir.mul(ir.sharedLoadFour(coefficients, place), power) : power,
      )
      k.sharedStore(pairs, place, weight)
      k.add(total, weight)
    }),
  )
  sums.forEach((total, half) => k.sharedStore(totals, ir.add(row, half * 4), total))
  return shrinks
}

/** Adds the weighed values to the rows' sums, which `shrinks` multiply first. */
export function addValues(
  k: Author,
  { pass, scratch, rows }: Online,
  { row, keys }: Block,
  shrinks: readonly Name[],
): void {
  const { pairs, values, sums, width } = scratch
  const factors = shrinks.map((shrink, half) =>
    eachLane((lane) => k.let(`shrink${half}${lane}`, ir.splat(ir.lane(shrink, lane)))),
  )
  const fourRows = (half: number, column: Value): void => {
    const start = k.let(`sumStart${half}`, ir.add(ir.mul(ir.add(row, half * 4), width), column))
    const place = (of: number, offset: number): Value => ir.add(start, of * width + offset)
    const tile = tileOf(k, `add${half}`, (of, vector) => {
      const sum = ir.sharedLoadFour(sums, place(of, vector * 4))
      const factor = factors[half]?.[of]
      return factor === undefined ? sum : ir.mul(sum, factor)
    })
    const depth = { name: `add${half}_t`, from: 0, to: ir.mul(keys, tileColumns), stride: tileColumns }
    addProducts(k, tile, depth, (t) => ({
      left: (of) => ir.sharedLoad(pairs, ir.add(t, half * 4 + of)),
      right: (vector) => ir.sharedLoadFour(values, ir.add(ir.mul(column, pass.tile.steps), t, vector * 4)),
    }))
    eachOfTile(tile, (sum, of, offset) => k.sharedStore(sums, place(of, offset), sum))
  }
  k.strided('column', 0, width, tileColumns, (column) => {
    fourRows(0, column)
    k.if(ir.gt(rows, ir.add(row, 4)), () => fourRows(1, column))
  })
}
