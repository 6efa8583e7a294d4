/** Rows turned over: by entry and by place in the chunk, so that neighbouring places are lanes. */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import { inLanes, range } from '../lower/tile.ts'

/** Rows in a buffer, and where their entries go: [width] by places, `stride` of them. */
export interface TurnedRows {
  /** Begins the names. */
  readonly word: string
  readonly buffer: Binding
  /** Index of the first entry of the row in a place; of one that is there. */
  readonly begin: (four: Value, lane: number) => Value
  readonly width: number
  readonly into: SharedArray
  readonly stride: number
}

/** Turns over the rows in four places. */
export function turnOver(k: Author, rows: TurnedRows, four: Value): void {
  const { word, buffer, begin, width, into, stride } = rows
  const starts = range(4).map((lane) => k.let(`${word}Start${lane}`, begin(four, lane)))
  k.loop(`${word}Entry`, 0, width, (entry) => {
    const numbers = inLanes((lane) => ir.load(buffer, ir.add(starts[lane] as Value, entry)))
    k.sharedStore(into, ir.add(ir.mul(entry, stride), four), numbers)
  })
}
