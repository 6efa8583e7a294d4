/**
 * Exact attention without workgroup memory.
 *
 * A cell that adds up values would have to evaluate κ anew for each of its
 * columns, so the weights of a row are a pass of their own, and every number of
 * the output costs one product a key. Rows stand apart, so that a long sequence
 * runs in blocks of its query rows, with the weights of one block in memory.
 *
 *   exponents   of κ for each pair, none where the mask hides it
 *   scales      the largest of each row, over the keys that the row sees
 *   weights     coefficient · exp(exponent − scale)
 *   factors     1 over each row's sum of weights
 *   average     Σ weight · value, times the factor
 *
 * A κ without exponent goes from its pairs to the factors.
 */
import type { Attention, ScaledTerm } from '../../algebra/attention.ts'
import { mentions } from '../../symbolic/traverse.ts'
import { tablesOf } from '../data.ts'
import { besideAt } from '../beside.ts'
import { denominator } from '../division.ts'
import { addEpilogue, andEpilogue } from '../epilogue.ts'
import {
  add,
  all,
  choose,
  eq,
  finitePower,
  ge,
  gt,
  inverse,
  largest,
  load,
  lt,
  mul,
  named,
  ne,
  over,
  powerOf,
  real,
  select,
  size,
  sub,
  sum,
  x,
  y,
  z,
} from '../equation/build.ts'
import { countRows, entryOf, headAt, rowOf } from '../equation/heads.ts'
import { roomFor } from '../operands.ts'
import type { Head, Known } from '../equation/heads.ts'
import type { EquationPass, Extent, Formula } from '../equation.ts'
import { lowest } from '../equation.ts'
import type { BufferPlan, Rows, Term } from '../schedule.ts'
import type { Size } from '../../../runtime/contract/size.ts'
import { naturalTerm, plainTerm } from '../terms.ts'
import { keysSeen, pairOf, seenBy } from './pairs.ts'
import type { Pairs } from './pairs.ts'
import { equationPass, scratch, sliceHeads } from '../equation/plan.ts'
import type { Attend, Copy, Plan, Planner, RowSums } from '../planner.ts'

/** Keys of the call and of a cache end at the length of their batch item; landmarks and pooled rows do not. */
const knownOf = ({ keys: { count }, mask }: Pick<Attend, 'keys' | 'mask'>): Known =>
  count === 'cached'
    ? { lengths: true, positions: true, cached: true }
    : { lengths: count === 'visible' || (mask.kind === 'condition' && mentions(mask.condition, 'length')) }

/** κ with its exponent in base e: powers of two are no more exact than others on these devices. */
export const kernelTerm = ({ stabilize, scale }: Attention, kernel: ScaledTerm): Term =>
  kernel.exponent !== undefined && stabilize.kind === 'auto'
    ? naturalTerm(kernel, scale)
    : plainTerm(kernel.value, scale)

/**
 * Attention of rows to rows in two to five equations; the comment above has them. Without values the result is the
 * matrix of weights.
 */
export function attend(from: Attend): Plan {
  const { division } = from
  const at = namesOf(from)
  const divides = division.kind === 'sum' || at.pairs.kernel.kind === 'scaled'
  return {
    passes: [
      ...weightPasses(from, at),
      ...(divides ? [factorPass(from, at)] : []),
      from.values === undefined ? quotientPass(from, at) : averagePass(from, at, from.values, divides),
    ],
    buffers: [
      ...pairBuffers(at, from),
      ...(divides ? [scratch(at.factors, at.ofRows, `${eachOf(from)}: [rows]`)] : []),
    ],
  }
}

const eachOf = ({ over }: Pick<Attend, 'over'>): string => (over === 'head' ? 'per head' : 'per query head')

/** Names, extents and heads of an attention. */
function namesOf(
  from: Pick<Attend, 'attention' | 'kernel' | 'mask' | 'over' | 'queries' | 'keys' | 'name'>,
): Names {
  const { attention, mask, over, queries, keys, name } = from
  const known = knownOf(from)
  const heads: Size = over === 'head' ? 'heads' : sliceHeads('kvHeads')
  const [rows, columnsOfKeys] = [roomFor(queries.count), roomFor(keys.count)]
  const buffer = (word: string): string => `${camel(name)}${word}`
  return {
    exponents: buffer('Exponents'),
    scales: buffer('Scales'),
    weights: buffer('Weights'),
    factors: buffer('Factors'),
    pairs: {
      kernel: kernelTerm(attention, from.kernel),
      mask,
      queries,
      keys,
      dim: attention.dim,
      tables: tablesOf(attention, from.kernel),
    },
    head: (place, given = known) => headAt('kvHeads', over, place, given),
    ofPairs: [columnsOfKeys, rows, heads],
    ofRows: [rows, heads, 1],
  }
}

/** The weights of all pairs, and what they are made of. */
function pairBuffers(
  { exponents, scales, weights, pairs, ofPairs, ofRows }: Names,
  from: Pick<Attend, 'over'>,
): BufferPlan[] {
  const each = eachOf(from)
  const pairLayout = `${each} and row: [keys]`
  return [
    ...(pairs.kernel.kind === 'scaled'
      ? [
          scratch(exponents, ofPairs, `${pairLayout}, natural exponents`),
          scratch(scales, ofRows, `${each}: [rows], natural exponents`),
        ]
      : []),
    scratch(weights, ofPairs, pairLayout),
  ]
}

/** Buffers, extents and heads that the passes of one `attend` share. */
interface Names {
  readonly exponents: string
  readonly scales: string
  readonly weights: string
  readonly factors: string
  readonly pairs: Pairs
  readonly head: (place: Formula, given?: Known) => Head
  readonly ofPairs: Extent
  readonly ofRows: Extent
}

/** The same sums with nothing divided, side by side for each row. */
export function sums(from: Parameters<Planner['sums']>[0]): RowSums {
  const { name, columns, queries, values } = from
  const at = namesOf(from)
  const { pairs, weights, scales, ofRows } = at
  const scaled = pairs.kernel.kind === 'scaled'
  const buffer = `${camel(name)}Sums`
  const own = at.head(z)
  const weight = (j: Formula): Formula => load(weights, pairAt(pairs, y, z, j))
  const keys = keysSeen(pairs, y, size(roomFor(pairs.keys.count)), own.firstPosition)
  const valueOf = (j: Formula): Formula =>
    values === undefined
      ? select(eq(j, x), real(1), 0)
      : load(values.buffer, entryOf(values, own, j, columns, x))
  const where = (j: Formula): Formula | undefined =>
    pairs.keys.count === 'visible' || pairs.mask.kind === 'condition' ? ne(weight(j), 0) : undefined
  const [numerator] = over(
    'j',
    keys,
    (j) => [{ name: 'sum', operator: 'sum', value: mul(weight(j), valueOf(j)) }],
    where,
  )
  const ofWeights = choose(
    eq(x, columns),
    sum('j', keys, weight),
    scaled ? load(scales, rowAt(pairs, y, z)) : real(0),
  )
  const extent: Extent = [columns + (scaled ? 2 : 1), roomFor(queries.count), ofRows[1]]
  return {
    passes: [
      ...weightPasses(from, at),
      equationPass({
        name: `${name}_sums`,
        extent,
        value: choose(lt(x, columns), numerator as Formula, ofWeights),
        out: buffer,
        what: 'Σ weight · value and Σ weight of each row, and the scale of both',
      }),
    ],
    buffers: [
      ...pairBuffers(at, from),
      scratch(buffer, extent, 'per head and row: numerators, denominator and scale'),
    ],
    buffer,
    scaled,
    unit: 1,
  }
}

/** The weights of all pairs: at once, or through their exponents and the rows' scales. */
function weightPasses({ name }: Pick<Attend, 'name'>, at: Names): EquationPass[] {
  const { pairs, exponents, scales, weights, ofPairs, ofRows } = at
  const scaled = pairs.kernel.kind === 'scaled'
  const head = at.head(z)
  const score = equationPass({
    name: `${name}_${scaled ? 'exponents' : 'weights'}`,
    extent: ofPairs,
    value: choose(seenBy(pairs, head, y, x), pairOf(pairs, head, y, x).value, scaled ? lowest : 0),
    out: scaled ? exponents : weights,
    what: scaled ? 'the exponent of κ for each key and query row' : 'κ of each key and query row',
  })
  if (!scaled) return [score]
  const power = named(
    'power',
    powerOf(load(exponents, pairAt(pairs, y, z, x)), load(scales, rowAt(pairs, y, z))),
  )
  const { coefficient } = pairOf(pairs, at.head(z, {}), y, x)
  return [
    score,
    equationPass({
      name: `${name}_scales`,
      extent: ofRows,
      value: largest('j', keysSeen(pairs, x, size(roomFor(pairs.keys.count))), (j) =>
        load(exponents, pairAt(pairs, x, y, j)),
      ),
      out: scales,
      what: 'the largest exponent of each query row',
    }),
    equationPass({
      name: `${name}_weights`,
      extent: ofPairs,
      // A key that is not seen may hold anything, so that its coefficient is not evaluated.
      value: coefficient === undefined ? power : choose(gt(power, 0), mul(coefficient, power), 0),
      out: weights,
      what: 'the weight of each key for each query row, over the exponential of the row’s scale',
    }),
  ]
}

/** Writes the factor of each row: 1 over its sum of weights, or the exponential of its scale. */
function factorPass({ name, division, beside }: Attend, at: Names): EquationPass {
  const { pairs, scales, weights, factors, ofRows } = at
  const scale = pairs.kernel.kind === 'scaled' ? load(scales, rowAt(pairs, x, y)) : undefined
  const total = (): Formula =>
    sum('j', keysSeen(pairs, x, size(roomFor(pairs.keys.count))), (j) =>
      load(weights, pairAt(pairs, x, y, j)),
    )
  return equationPass({
    name: `${name}_factors`,
    extent: ofRows,
    value:
      division.kind === 'none' && scale !== undefined
        ? finitePower(scale)
        : inverse(denominator(total(), division, scale, besideAt(beside, at.head(y, {})))),
    out: factors,
    what:
      division.kind === 'sum' ? '1 over each row’s sum of weights' : 'the exponential of each row’s scale',
  })
}

function quotientPass({ name, out }: Attend, { pairs, weights, factors, ofPairs }: Names): EquationPass {
  return equationPass({
    name: `${name}_quotients`,
    extent: ofPairs,
    value: mul(load(weights, pairAt(pairs, y, z, x)), load(factors, rowAt(pairs, y, z))),
    out: out.buffer,
    what: 'each weight over the sum of its row’s',
  })
}

function averagePass(
  { name, keys, mask, columns, epilogue, out }: Attend,
  { pairs, weights, factors, head, ofRows }: Names,
  values: Rows,
  divides: boolean,
): EquationPass {
  const weightOf = (j: Formula): Formula => named('weight', load(weights, pairAt(pairs, y, z, j)))
  const known = knownOf({ keys, mask })
  const own = head(z, epilogue === undefined ? known : { ...known, lengths: true })
  const lengths = known.lengths === true || epilogue !== undefined
  const count = lengths ? countRows(keys, own) : size(roomFor(keys.count))
  const [sums] = over(
    'j',
    keysSeen(pairs, y, count, own.firstPosition),
    (j) => {
      const value = load(values.buffer, entryOf(values, own, j, columns, x))
      return [{ name: 'sum', operator: 'sum', value: mul(weightOf(j), value) }]
    },
    // Pairs that the mask leaves out are among these, and their values may be anything: 0 · NaN would be NaN.
    pairs.mask.kind === 'condition' ? (j) => ne(weightOf(j), 0) : undefined,
  ) as [Formula]
  const average = divides ? mul(sums, load(factors, rowAt(pairs, y, z))) : sums
  return equationPass({
    name,
    extent: [columns, ofRows[0], ofRows[1]],
    value: addEpilogue(average, epilogue, own, { row: y, column: x, columns }),
    out: out.buffer,
    what: `Σ weight · value of each query row${andEpilogue(epilogue)}`,
  })
}

/** Index of the weight of a pair in a buffer [heads, query rows, keys]. */
const pairAt = ({ queries, keys }: Pairs, row: Formula, head: Formula, key: Formula): Formula =>
  add(mul(add(mul(head, size(roomFor(queries.count))), row), size(roomFor(keys.count))), key)

const rowAt = ({ queries }: Pairs, row: Formula, head: Formula): Formula =>
  add(mul(head, size(roomFor(queries.count))), row)

/** Writes a whole cache anew, old rows and the new ones behind them: without scatter no cell stays as it was. */
export function append({ from, to, width }: Copy): EquationPass {
  const head = headAt('kvHeads', 'sliceKeyHead', z, { positions: true })
  const [offset, length] = [head.firstPosition, size('length')]
  const isNew = all(ge(y, offset), lt(y, add(offset, length)))
  const row = rowOf(from, head, sub(y, offset))
  const old = add(mul(head.keyGroup, size('capacity')), y)
  return equationPass({
    name: `append_${from.buffer}`,
    extent: [width, 'capacity', 'sliceCount'],
    value: choose(isNew, load(from.buffer, add(mul(row, width), x)), load(to, add(mul(old, width), x))),
    out: to,
    what: `${to} with the new rows of ${from.buffer} behind those that are there`,
  })
}

/** `attend_cached` as a name of buffers: `attendCached`. */
const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
