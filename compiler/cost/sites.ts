/** The instructions of a kernel that access memory, and what they have touched. */
import type { Frame } from '../kernel/interpret/frame.ts'
import type { Evaluate } from '../kernel/interpret/values.ts'
import { lineWords, takeTurns, touch, type Touched, type Turns } from './accesses.ts'
import type { Footprint } from './footprint.ts'
import { laneOf } from './memories.ts'
import type { Place } from './numbering.ts'

/** Where a site is and what it accesses. */
export interface SitePlace {
  readonly place: Place
  readonly stores: boolean
  /** In numbers of a buffer, or elements of workgroup memory. */
  readonly index: Evaluate
  /** Of 4 bytes, by each lane. */
  readonly words: number
  /** Lanes of a warp. */
  readonly width: number
}

/** One instruction on memory in the kernel's text. */
export abstract class Site {
  readonly at: SitePlace
  /** How often a warp executed it. */
  instructions = 0
  readonly #indexes: Float64Array

  constructor(at: SitePlace) {
    this.at = at
    this.#indexes = new Float64Array(at.width)
  }

  reset(): void {
    this.instructions = 0
  }

  /** The active lanes' indexes, in their order; the array is the site's own. */
  indexesOf(active: readonly Frame[]): Float64Array {
    const indexes = this.#indexes
    for (let lane = 0; lane < active.length; lane++) {
      const frame = active[lane]
      if (frame !== undefined) indexes[lane] = this.at.index(frame)
    }
    return indexes
  }

  /** Counts an access of the active lanes, and `times` of them, `stride` elements further each time. */
  abstract access(active: readonly Frame[], indexes: Float64Array, stride?: number, times?: number): void
}

interface Pattern extends Touched {
  /** Of the lanes, from that of the first. */
  readonly offsets: Float64Array
}

/** A load or store of a buffer. */
export class GlobalSite extends Site {
  sectors = 0
  lines = 0
  least = 0
  readonly #footprint: Footprint
  /** What was touched last, by where in a line the first lane was. */
  readonly #patterns: (Pattern | undefined)[] = []

  constructor(at: SitePlace, footprint: Footprint) {
    super(at)
    this.#footprint = footprint
  }

  override reset(): void {
    super.reset()
    this.sectors = 0
    this.lines = 0
    this.least = 0
  }

  override access(active: readonly Frame[], indexes: Float64Array, stride = 0, times = 1): void {
    const count = active.length
    this.instructions += times
    this.#footprint.add(indexes, count, this.at.words, stride, times)
    // What is touched repeats itself when the indexes have moved by whole lines.
    const period = Math.min(times, lineWords)
    for (let time = 0; time < period; time++) {
      const repeated = Math.floor((times - time - 1) / period) + 1
      const { sectors, lines, least } = this.#touched(indexes, count)
      this.sectors += sectors * repeated
      this.lines += lines * repeated
      this.least += least * repeated
      if (period > 1) for (let lane = 0; lane < count; lane++) indexes[lane] = (indexes[lane] ?? 0) + stride
    }
  }

  #touched(indexes: Float64Array, count: number): Touched {
    const first = indexes[0] ?? 0
    const known = this.#patterns[first % lineWords]
    if (known !== undefined && isAt(known.offsets, indexes, count)) return known
    const offsets = indexes.slice(0, count).map((index) => index - first)
    const pattern = { ...touch(indexes, count, this.at.words), offsets }
    this.#patterns[first % lineWords] = pattern
    return pattern
  }
}

function isAt(offsets: Float64Array, indexes: Float64Array, count: number): boolean {
  if (offsets.length !== count) return false
  const first = indexes[0] ?? 0
  for (let lane = 0; lane < count; lane++) if (indexes[lane] !== first + (offsets[lane] ?? 0)) return false
  return true
}

/** A load or store of workgroup memory. */
export class SharedSite extends Site {
  turns = 0
  /** The turns that as many lanes would take without conflicts. */
  least = 0
  readonly #byLane = new Float64Array(this.at.width)
  /** What all lanes together took last. */
  #pattern: (Turns & { readonly offsets: Float64Array }) | undefined

  override reset(): void {
    super.reset()
    this.turns = 0
    this.least = 0
  }

  override access(active: readonly Frame[], indexes: Float64Array, _stride = 0, times = 1): void {
    // A stride that all lanes have in common turns the banks, and makes or mends no conflict.
    const { turns, least } = this.#taken(active, indexes)
    this.instructions += times
    this.turns += turns * times
    this.least += least * times
  }

  #taken(active: readonly Frame[], indexes: Float64Array): Turns {
    const { width, words } = this.at
    const byLane = this.#byLane.fill(-1)
    if (active.length < width) {
      for (const [position, frame] of active.entries()) byLane[laneOf(frame, width)] = indexes[position] ?? -1
      return takeTurns(byLane, width, words)
    }
    const known = this.#pattern
    if (known !== undefined && isAt(known.offsets, indexes, width)) return known
    const first = indexes[0] ?? 0
    const offsets = indexes.slice(0, width).map((index) => index - first)
    this.#pattern = { ...takeTurns(indexes, width, words), offsets }
    return this.#pattern
  }
}
