/**
 * The arithmetic, traffic and memory that the mathematics of a schedule asks for, on any device; `compiler/cost/`
 * counts what kernels execute instead. Operations count one each, a transcendental function like a sum. Pairs that a
 * mask hides do not count, because no useful work is done on them. Each pass reads and writes its buffers once.
 */
import { evaluateSize } from '../../runtime/contract/size.ts'
import type { CallSizes, Shape } from '../../runtime/contract/shape.ts'
import { operationsOfEpilogue } from './epilogue.ts'
import { countOperations } from './equation/cost.ts'
import { operations } from './operations.ts'
import { operationsOfTransforms } from './projected.ts'
import { dispatchesOf, rowsOfRecurrence } from './schedule.ts'
import { visiblePairs } from './visible-pairs.ts'
import type {
  Dispatch,
  Features,
  Only,
  Over,
  Pass,
  RecurPass,
  Rows,
  Schedule,
  Term,
  WalkPass,
} from './schedule.ts'

/** The cost of one call. */
export interface Cost {
  /** Floating-point operations. */
  readonly flops: number
  /** Bytes read from and written to buffers. */
  readonly bytes: number
  /** Bytes of scratch beyond the tensors of the call. */
  readonly memory: number
}

const bytesOfNumber = 4

/** A dispatch of a call, with its own cost. */
export interface DispatchCost extends Dispatch {
  readonly flops: number
  /** Bytes that it has to read and write once. */
  readonly bytes: number
}

/** Counts the dispatches of a call of this shape in which all key rows are visible and projections are drawn. */
export function cost(schedule: Schedule, shape: CallSizes): Cost {
  const sizes = sizesOf(schedule, shape)
  const dispatches = costOfDispatches(schedule, sizes)
  const scratch = schedule.buffers
    .filter(({ role }) => role === 'scratch')
    .reduce((sum, { size }) => sum + evaluateSize(size, sizes), 0)
  return {
    flops: dispatches.reduce((sum, { flops }) => sum + flops, 0),
    bytes: dispatches.reduce((sum, { bytes }) => sum + bytes, 0),
    memory: scratch * bytesOfNumber,
  }
}

/** All sizes of a call in one slice, whose rows come after `offset` others: 0 but when decoding. */
export function sizesOf(schedule: Schedule, shape: CallSizes, offset = 0): Shape {
  const fields = {
    ...shape,
    offset,
    sliceStart: 0,
    capacity: offset + shape.keyLength,
    sliceCount: shape.batch * shape[schedule.groups],
    chunks: 1,
  }
  return { ...fields, chunks: evaluateSize(schedule.chunks, fields) }
}

/** The cost of each dispatch that such a call makes, in order. */
export function costOfDispatches(schedule: Schedule, sizes: Shape): readonly DispatchCost[] {
  const size = (name: string): number => {
    const plan = schedule.buffers.find((buffer) => buffer.name === name)
    return plan === undefined ? 0 : evaluateSize(plan.size, sizes)
  }
  return dispatchesOf(schedule)
    .filter(({ pass }) => isFor(pass, sizes))
    .map(({ pass, buffers }) => ({
      pass,
      buffers,
      flops: flopsOf(pass, schedule, sizes),
      bytes: bytesOfNumber * buffers.reduce((all, name) => all + size(name) * passesOver(pass, name), 0),
    }))
}

type Sizes = Shape

/** Whether the pass does anything for batch items whose keys are all visible, under projections as drawn. */
function isFor(pass: Pass, { length, keyLength }: Sizes): boolean {
  if (pass.when === 'given') return false
  const only: Only | undefined = 'only' in pass ? pass.only : undefined
  return only === undefined || Math.min(length, keyLength) > only.rows === (only.fewer === 'moreThan')
}

/** A scan reads and writes the state; every other pass goes over a buffer once. */
const passesOver = (pass: Pass, name: string): number => (pass.kind === 'scan' && name === 'state' ? 2 : 1)

function flopsOf(pass: Pass, { dim, valueDim, features, groups }: Schedule, sizes: Sizes): number {
  const queryRows = sizes.batch * sizes.heads * sizes.length
  // Each owner of a state sums all its keys: a query head, where there is a decay.
  const states = sizes.batch * sizes[groups]
  const keyRows = states * sizes.keyLength
  const columns = valueDim + 1
  switch (pass.kind) {
    case 'equation':
      return countOperations(pass, sizes)
    case 'online': {
      const { left, right, pair } = countTerm(pass.kernel, 'q', 'k')
      const { queries, keys, epilogue } = pass
      const [rows, ofKeys] = [countOf(queries, sizes), countOf(keys, sizes)]
      const heads = headsOf(pass.over, sizes)
      const first = keys.count === 'cached' ? sizes.offset : 0
      const pairs = heads * visiblePairs(pass.mask, rows, ofKeys, first)
      return (
        pairs * (pair + 2 * (pass.valueDim + 1)) +
        heads * rows * (left + pass.valueDim * operationsOfEpilogue(epilogue)) +
        headsOf(keys.of, sizes) * ofKeys * right
      )
    }
    case 'product': {
      const { left, right, columns: width, diagonal } = pass
      const ofRight = headsOf(pass.over, sizes) * countOf(right, sizes) * width
      return 2 * left.count * ofRight + (diagonal === undefined ? 0 : ofRight)
    }
    case 'recur':
      return operationsOfRecur(pass, valueDim, sizes)
    case 'hash':
      return queryRows * (pass.rounds * pass.count * (dim + 1) + 2 * dim)
    case 'order':
      if (pass.of === 'rows') return (queryRows * pass.rounds * pass.threads) / 2
      return sizes.batch * sizes.heads * pass.rounds * pass.count * (2 * sizes.chunks + pass.count / 2)
    case 'near': {
      const { left, right, pair } = countTerm(pass.kernel, 'q', 'k')
      const met = Math.min(2 * pass.chunk, sizes.length)
      return queryRows * pass.rounds * (met * (pair + 2 * columns) + left + 2 * right)
    }
    case 'transform':
      return (queryRows + keyRows) * operationsOfTransforms(pass.count, pass.padded)
    case 'project':
      return 0
    case 'step':
      return (
        queryRows * (perRow(pass.query) + 2 * features * columns) +
        keyRows * (perRow(pass.key) + 3 * features * columns)
      )
    case 'reduce':
      return keyRows * (perRow(pass.features) + 2 * features * columns)
    case 'scan':
      return states * sizes.chunks * features * columns
    case 'walk': {
      const pairs = pass.causal ? sizes.batch * sizes.heads * pairsOfChunks(sizes, pass.rows) : 0
      // Products of S and of pairs, beside those by which rows enter the state.
      const [read, seen] = productsOfWalk(pass, features, columns)
      return (
        queryRows * (perRow(pass.query) + 2 * features * columns + columns) +
        keyRows * (perRow(pass.key) + 2 * features * columns) +
        queryRows * read +
        pairs * seen
      )
    }
    case 'finish': {
      const read = queryRows * (perRow(pass.query) + 2 * features * columns + columns)
      if (!pass.causal) return read
      const pairs = sizes.batch * sizes.heads * pairsOfChunks(sizes, pass.tile.rows)
      return read + queryRows * perRow(pass.key) + pairs * 2 * (columns + features)
    }
  }
}

/** Operations of rows on a state: row by row, of pairs in chunks, or of the chunks. */
function operationsOfRecur(
  { of, features, scale, terms }: RecurPass,
  valueDim: number,
  sizes: Sizes,
): number {
  const rows = sizes.batch * sizes.heads * sizes.length
  const reads = terms.flatMap((term) => term.reads).length
  const inChunks = sizes.batch * sizes.heads * pairsOfChunks(sizes, rowsOfRecurrence)
  if (of === 'pairs') {
    const solved = reads === 0 ? 0 : 2 * (features + valueDim)
    return inChunks * (2 * features * (1 + reads) + solved)
  }
  const kept = scale === 1 || of === 'chunks' ? 0 : features
  const ofRow = valueDim * (2 * features * (terms.length + reads + 1) + kept)
  return rows * ofRow + (of === 'chunks' ? inChunks * 2 * valueDim : 0)
}

/** Operations that a walk for results, or for cotangents, has beside reading the state once: of a row, and of a pair. */
function productsOfWalk({ cotangents }: WalkPass, features: number, columns: number): [number, number] {
  if (cotangents === undefined) return [0, 2 * columns + 2 * features]
  return cotangents === 'queries'
    ? [0, 2 * columns + 4 * features]
    : [2 * features * columns, 4 * columns + 4 * features]
}

/** Rows of one head. */
function countOf({ count }: Rows, { length, keyLength, capacity, heads, kvHeads }: Sizes): number {
  if (typeof count === 'number') return count
  if (count === 'heads') return heads / kvHeads
  if (count === 'cached') return capacity
  return count === 'length' ? length : keyLength
}

function headsOf(over: Over | Rows['of'], { batch, heads, kvHeads }: Sizes): number {
  if (over === 'head') return heads
  return (
    batch *
    (['keyHead', 'sliceKeyHead', 'tokenHead', 'sliceTokenHead', 'cachedHead'].includes(over)
      ? kvHeads
      : heads)
  )
}

/** Pairs (i, j) with j ≤ i in the same chunk. */
function pairsOfChunks({ length }: Sizes, chunk: number): number {
  const rows = Math.min(length, chunk)
  const whole = Math.floor(length / rows)
  const rest = length - whole * rows
  return (whole * rows * (rows + 1)) / 2 + (rest * (rest + 1)) / 2
}

/** Operations that φ of one row takes; those of the projections alone are done once for all rows. */
function perRow(features: Features): number {
  return features.blocks.reduce((sum, { size, term }) => {
    const { left, pair } = countTerm(term, 'x', 'w')
    return sum + left + size * pair
  }, 0)
}

function countTerm(term: Term, left: string, right: string): ReturnType<typeof operations> {
  if (term.kind === 'plain') return operations(term.value, left, right)
  const exponent = operations(term.exponent, left, right)
  if (term.coefficient === undefined) return { ...exponent, pair: exponent.pair + 1 }
  const coefficient = operations(term.coefficient, left, right)
  return {
    left: exponent.left + coefficient.left,
    right: exponent.right + coefficient.right,
    pair: exponent.pair + coefficient.pair + 2,
  }
}
