/**
 * Operands of a tile product in workgroup memory: some entries of the rows of a tile, four rows a vec4f.
 *
 * Neighbouring threads read neighbouring entries of a row, and each puts four rows together, so that a product loads four
 * numbers at once. Where rows are fours of numbers, a thread reads four entries of each row at once; otherwise one. A
 * panel holds the first entries of all fours, then the second ones, and so on: then a thread's neighbours store beside it,
 * and with the right number of vec4f from an entry to the next no bank is asked twice.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import type { Author } from '../author.ts'
import type { Binding, SharedArray, Value } from '../kernel.ts'
import type { RowPlaces } from './row-places.ts'
import { eachLane, fourLanes, inLanes, lanes } from './tile.ts'

/** A part of an array of workgroup memory, a vec4f by (entry, group of rows). */
export interface Panel {
  readonly array: SharedArray
  /** Where it starts. */
  readonly first: number
  /** Groups of four rows. */
  readonly fours: number
  /** From an entry to the next, in vec4f. */
  readonly stride: number
}

/** How many vec4f of workgroup memory are served at once. */
const bankFours = 8

/** From an entry to the next, where threads store single entries of rows: an odd number, at least that of the groups. */
export const oddStride = (fours: number): number => fours + 1 - (fours % 2)

/** From an entry to the next, where `depth` entries of rows that are `width` long are loaded into a panel. */
export function loadedStride(fours: number, depth: number, width: number): number {
  if (!isInFours(width)) return oddStride(fours)
  // So many groups of rows are stored beside each other by threads that are served at once.
  const together = Math.max(1, (bankFours * lanes) / depth)
  return together * oddStride(Math.ceil(fours / together))
}

/** Whether the entries of rows that are so long are read four at a time. */
const isInFours = (width: number): boolean => width % lanes === 0

/** How many numbers of rows that are so long are read at once, and so the unit in which they are counted. */
export const unitOf = (width: number): number => (isInFours(width) ? lanes : 1)

/** Index of an entry of a group of rows; `step` is a constant that adds to the entry. Constants stand last, where accesses add them for nothing. */
export const panelPlace = ({ first, stride }: Panel, entry: Operand, { of, more }: Four, step = 0): Value =>
  ir.add(ir.mul(typeof entry === 'number' ? ir.u32(entry) : entry, stride), of, first + more + step * stride)

/** A group of four rows: one that the thread knows, and a constant behind it. */
export interface Four {
  readonly of: Value
  readonly more: number
}

/** Loads an entry of four rows. */
export const fromPanel = (panel: Panel, entry: Operand, four: Four, step = 0): Value =>
  ir.sharedLoad(panel.array, panelPlace(panel, entry, four, step))

/** Numbers of a panel that a round of `eachExchanged` loads, so that they are waited for together. */
const exchangedAtOnce = 4

/**
 * What each of `count` threads has left in a panel for some groups of rows, in the threads' order. Rounds stay rolled up:
 * written out they are most of a kernel's text, and its compiler's time.
 */
export function eachExchanged(
  k: Author,
  panel: Panel,
  count: number,
  fours: readonly Four[],
  take: (which: number, number: Value) => void,
): void {
  const most = exchangedAtOnce / fours.length
  const atOnce = [4, 2].find((few) => few <= most && count % few === 0) ?? 1
  k.rolled('other', 0, count, atOnce, (other) => {
    for (let step = 0; step < atOnce; step++)
      fours.forEach((four, which) => take(which, fromPanel(panel, other, four, step)))
  })
}

/** What fills a panel: rows of a matrix in a buffer. */
export interface Filling {
  readonly panel: Panel
  readonly buffer: Binding
  /** Where the matrix's rows begin, in units of `unitOf` their width, and its last row, counted from the first. */
  readonly places: RowPlaces
  readonly last: Value
  /** Row of the matrix that is in a lane of a group; past the last row stands the last. */
  readonly rowAt: (four: Value, lane: number) => Value
}

/** An entry of a matrix's row, which is the last one where it is past that. */
export const loadEntry = (
  { buffer, places, last }: Filling,
  width: number,
  row: Value,
  entry: Value,
): Value => {
  const unit = unitOf(width)
  const [start, pitch] = [ir.mul(places.start, unit), ir.mul(places.pitch, unit)]
  return ir.load(buffer, ir.add(ir.mul(ir.call('min', row, last), pitch), ir.add(start, entry)))
}

/** Four entries of it, by the number of the four in its row. */
const loadFourEntries = ({ buffer, places, last }: Filling, row: Value, four: Value): Value =>
  ir.loadVector(buffer, ir.add(ir.mul(ir.call('min', row, last), places.pitch), ir.add(places.start, four)))

/** The threads of a workgroup, the entries of a panel, those of a row, and how many of these are wanted; all where absent. */
interface Sizes {
  readonly threads: number
  readonly depth: number
  readonly width: number
  readonly length?: number
}

/** The entries that are in the panels at a time. */
interface Held {
  readonly count: Operand
  /** Which entry of the rows stands at a place. */
  readonly entryAt: (place: Value) => Value
}

/**
 * Takes rows that are `width` long through panels, `depth` entries at a time, of which a thread loads some of some groups
 * of rows; `step` is given each place in the panels, and the entry of the rows that stands there.
 */
export function throughPanels(
  k: Author,
  sizes: Sizes,
  fillings: readonly Filling[],
  step: (place: Value, entry: Value) => void,
): void {
  const { depth, width, length = width } = sizes
  k.strided('first', 0, length, depth, (first) => {
    const { count, entryAt } = isInFours(width)
      ? fillInFours(k, sizes, first, fillings)
      : fillOneByOne(k, sizes, first, fillings)
    k.barrier()
    k.loop('t', 0, count, (t) => step(t, entryAt(t)))
    k.barrier()
  })
}

function fillOneByOne(
  k: Author,
  { threads, depth, width, length = width }: Sizes,
  first: Value,
  fillings: readonly Filling[],
): Held {
  const isWhole = length % depth === 0
  const place = k.let('place', ir.mod(ir.thread, depth))
  // Past the last entry of a row its last one stands, which no product takes.
  const after = ir.add(first, place)
  const entry = k.let('entry', isWhole ? after : ir.call('min', after, length - 1))
  eachGroup(k, { threads, across: depth }, fillings, (filling, four, at) =>
    k.sharedStore(
      filling.panel.array,
      panelPlace(filling.panel, place, at),
      inLanes((lane) => loadEntry(filling, width, filling.rowAt(four, lane), entry)),
    ),
  )
  const count = isWhole ? depth : ir.call('min', ir.sub(ir.u32(length), first), depth)
  return { count, entryAt: (t) => ir.add(first, t) }
}

function fillInFours(
  k: Author,
  { threads, depth, width, length = width }: Sizes,
  first: Value,
  fillings: readonly Filling[],
): Held {
  const across = depth / lanes
  const fours =
    length % depth === 0
      ? across
      : k.let('fours', ir.call('min', ir.div(ir.sub(ir.u32(length), first), lanes), across))
  const place = k.let('place', ir.mod(ir.thread, across))
  const entries = k.let('entries', ir.add(ir.div(first, lanes), place))
  k.guard(typeof fours === 'number' ? ir.bool(true) : ir.lt(place, fours), () =>
    eachGroup(k, { threads, across }, fillings, (filling, four, at, suffix) => {
      const rows = eachLane((lane) =>
        k.let(`row${lane}${suffix}`, loadFourEntries(filling, filling.rowAt(four, lane), entries)),
      )
      for (const entry of fourLanes) {
        const to =
          typeof fours === 'number'
            ? panelPlace(filling.panel, place, at, entry * fours)
            : panelPlace(filling.panel, ir.add(ir.mul(fours, entry), place), at)
        k.sharedStore(
          filling.panel.array,
          to,
          inLanes((lane) => ir.lane(rows[lane], entry)),
        )
      }
    }),
  )
  return {
    count: typeof fours === 'number' ? depth : ir.mul(fours, lanes),
    entryAt: (t) => ir.add(first, ir.add(ir.mul(ir.mod(t, fours), lanes), ir.div(t, fours))),
  }
}

/**
 * Gives each thread the groups of rows of which it loads entries; `across` threads share a group. Panels that do not keep
 * all threads busy are filled at the same time, by some threads each.
 */
function eachGroup(
  k: Author,
  { threads, across }: { readonly threads: number; readonly across: number },
  fillings: readonly Filling[],
  fill: (filling: Filling, four: Value, at: Four, suffix: string) => void,
): void {
  const apart = threads / across
  invariant(Number.isInteger(apart), 'threads take the entries of a panel in whole rounds')
  const own = k.let('firstFour', ir.div(ir.thread, across))
  // Threads that have nothing to do yet begin here.
  let idle = 0
  for (const [which, filling] of fillings.entries()) {
    const { fours } = filling.panel
    if (fours < apart) {
      const from = idle + fours <= apart ? idle : 0
      idle = from + fours
      const behind = ir.ge(own, from)
      const before = idle === apart ? ir.bool(true) : ir.lt(own, idle)
      k.guard(from === 0 ? before : ir.and(behind, before), () =>
        fill(filling, ir.sub(own, from), { of: own, more: -from }, `_${which}`),
      )
      continue
    }
    for (let more = 0; more < fours; more += apart) {
      const four = ir.add(own, more)
      k.guard(fours % apart === 0 ? ir.bool(true) : ir.lt(four, fours), () =>
        fill(filling, four, { of: own, more }, `_${which}_${more}`),
      )
    }
  }
}
