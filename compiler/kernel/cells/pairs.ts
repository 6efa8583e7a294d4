/** Exact attention cell by cell: κ of pairs, their weights, and the averages; see `schedule/cells/exact.ts`. */
import { invariant } from '../../diagnostics/invariant.ts'
import type {
  AverageCells,
  CellPass,
  PairCells,
  PairScaleCells,
  PairWeightCells,
  QuotientCells,
  RowFactorCells,
  Rows,
} from '../../schedule/schedule.ts'
import type { Expression } from '../../symbolic/expression.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { cell } from '../cell.ts'
import type { CellKernel } from '../cell.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { conditionValue } from '../lower/mask.ts'
import { convolved } from './convolution.ts'
import { evaluate } from './entries.ts'
import type { Evaluated } from './entries.ts'
import { countOf, firstOf, headOf, rowsOf } from './frame.ts'
import type { CellFrame, Head } from './frame.ts'
import { finitePower, inverse, powerOf, unlessZero } from './numbers.ts'
import { denominator } from './read.ts'
import { smaller } from './states.ts'

type Pairs = Pick<PairCells, 'queries' | 'keys'>
type Masked = Pick<PairCells, 'mask' | 'queries'>

/** x: key, y: row, z: head. */
export function lowerPairs(frame: CellFrame, pass: CellPass, work: PairCells): CellKernel {
  const head = headOf(frame, pass.over, cell.z)
  const pair = pairOf(frame, head, work, cell.y, cell.x)
  const seen = seenBy(work, head, cell.y, cell.x)
  if (seen === undefined) return frame.kernel([head.statements, pair.statements], pair.value)
  const value = ir.var_('value', ir.f32(work.kernel.kind === 'scaled' ? lowest : 0))
  return frame.kernel(
    [head.statements, value, ir.if_(seen, [pair.statements, ir.assign(ir.ref(value), pair.value)])],
    ir.ref(value),
  )
}

/** κ of a pair, or its exponent: none where its coefficient is 0. */
export function pairOf(
  frame: CellFrame,
  head: Head,
  { kernel, queries, keys }: Pick<PairCells, 'kernel' | 'queries' | 'keys'>,
  row: Value,
  key: Value,
): { readonly statements: Body; readonly value: Value; readonly coefficient: Value | undefined } {
  const expressions =
    kernel.kind === 'plain'
      ? [kernel.value]
      : [kernel.exponent, ...(kernel.coefficient === undefined ? [] : [kernel.coefficient])]
  const { statements, values } = evaluatePair(frame, head, { queries, keys }, row, key, expressions)
  const [first, coefficient] = values
  invariant(first !== undefined, 'a pair has a value')
  return { statements, value: unlessZero(first, coefficient), coefficient }
}

function evaluatePair(
  frame: CellFrame,
  head: Head,
  { queries, keys }: Pairs,
  row: Value,
  key: Value,
  expressions: readonly Expression[],
): Evaluated {
  const entry =
    (rows: Rows, which: Value) =>
    (index: Value): Value =>
      ir.load(
        frame.input(rows.buffer),
        ir.add(ir.mul(ir.add(firstOf(rows, head), which), frame.schedule.dim), index),
      )
  return evaluate(expressions, { names: frame.names, rows: { q: entry(queries, row), k: entry(keys, key) } })
}

/** Whether a row sees a key; undefined where it sees all that there are. */
export function seenBy(
  { mask, queries, keys }: Pick<PairCells, 'mask' | 'queries' | 'keys'>,
  head: Head,
  row: Value,
  key: Value,
): Value | undefined {
  const there = typeof keys.count === 'number' ? undefined : ir.lt(key, head.visible)
  const both = (condition: Value): Value => (there === undefined ? condition : ir.and(there, condition))
  if (mask.kind === 'none') return there
  const position = positionOf(queries, row, head.firstPosition)
  if (mask.kind === 'causal') return both(ir.le(key, position))
  const names: Record<string, Value> = { i: position, j: key, length: head.visible }
  return both(conditionValue(mask.condition, (name) => ir.convert('i32', names[name] ?? ir.u32(0))))
}

/** For each key up to the last one that a row may see: of those behind it a weight would be 0. */
function eachKey(
  { mask, queries }: Masked,
  row: Value,
  count: Value,
  body: (j: Value) => Body,
  first: Value = ir.shape('offset'),
): Body {
  if (mask.kind !== 'causal') return ir.for_('j', 0, count, 1, body)
  const seen = ir.let_('seen', smaller(count, ir.add(positionOf(queries, row, first), 1)))
  return [seen, ir.for_('j', 0, ir.ref(seen), 1, body)]
}

/** Rows of a block, and those behind a cache, are not the first of their sequence. */
const positionOf = ({ count }: Rows, row: Value, first: Value): Value =>
  count === 'length' ? ir.add(first, row) : row

/** Index of a row's first weight. */
const firstWeight = ({ queries, keys }: Pairs, row: Value, at: Value): Value =>
  ir.mul(ir.add(ir.mul(at, rowsOf(queries.count)), row), rowsOf(keys.count))

const ofRow = ({ queries }: Pairs, row: Value, at: Value): Value =>
  ir.add(ir.mul(at, rowsOf(queries.count)), row)

/** x: row, y: head. */
export function lowerPairScales(frame: CellFrame, _: CellPass, work: PairScaleCells): CellKernel {
  const largest = ir.var_('largest', ir.f32(lowest))
  const exponents = frame.input(work.exponents)
  const loop = eachKey(work, cell.x, rowsOf(work.keys.count), (j) =>
    ir.assign(
      ir.ref(largest),
      ir.call('max', ir.ref(largest), ir.load(exponents, ir.add(firstWeight(work, cell.x, cell.y), j))),
    ),
  )
  return frame.kernel([largest, loop], ir.ref(largest))
}

/** x: key, y: row, z: head. */
export function lowerPairWeights(frame: CellFrame, pass: CellPass, work: PairWeightCells): CellKernel {
  const { kernel } = work
  const exponent = ir.let_(
    'exponent',
    ir.load(frame.input(work.exponents), ir.add(firstWeight(work, cell.y, cell.z), cell.x)),
  )
  const power = powerOf(ir.ref(exponent), ir.load(frame.input(work.scales), ofRow(work, cell.y, cell.z)))
  if (kernel.coefficient === undefined) return frame.kernel(exponent, power)
  const head = headOf(frame, pass.over, cell.z)
  const weight = ir.var_('weight', power)
  const { statements, values } = evaluatePair(frame, head, work, cell.y, cell.x, [kernel.coefficient])
  const [coefficient] = values
  invariant(coefficient !== undefined, 'a pair has a coefficient')
  return frame.kernel(
    [
      head.statements,
      exponent,
      weight,
      // A key that is not seen may be anything.
      ir.if_(ir.gt(ir.ref(weight), 0), [
        statements,
        ir.assign(ir.ref(weight), ir.mul(coefficient, ir.ref(weight))),
      ]),
    ],
    ir.ref(weight),
  )
}

/** x: row, y: head. */
export function lowerRowFactors(frame: CellFrame, _: CellPass, work: RowFactorCells): CellKernel {
  const { weights, scales, keys, normalize, epsilon } = work
  const scale = scales === undefined ? undefined : ir.load(frame.input(scales), ofRow(work, cell.x, cell.y))
  if (normalize === 'none') {
    invariant(scale !== undefined, 'what is not divided and has no scale needs no factor')
    return frame.kernel([], finitePower(scale))
  }
  const sum = ir.var_('sum', ir.f32(0))
  const loop = eachKey(work, cell.x, rowsOf(keys.count), (j) =>
    ir.assign(
      ir.ref(sum),
      ir.add(ir.ref(sum), ir.load(frame.input(weights), ir.add(firstWeight(work, cell.x, cell.y), j))),
    ),
  )
  const whole = denominator(ir.ref(sum), epsilon, scale)
  return frame.kernel([sum, loop, whole], inverse(ir.ref(whole)))
}

/** x: column, y: row, z: head. */
export function lowerAverage(frame: CellFrame, pass: CellPass, work: AverageCells): CellKernel {
  const { weights, factors, keys, values, columns, convolution } = work
  const head = headOf(frame, pass.over, cell.z)
  const sum = ir.var_('sum', ir.f32(0))
  const count = frame.reads('lengths') ? countOf(keys, head) : rowsOf(keys.count)
  const addKey = (j: Value): Body => {
    const weight = ir.load(frame.input(weights), ir.add(firstWeight(work, cell.y, cell.z), j))
    const value = ir.load(
      frame.input(values.buffer),
      ir.add(ir.mul(ir.add(firstOf(values, head), j), columns), cell.x),
    )
    const add = (by: Value): Body => ir.assign(ir.ref(sum), ir.add(ir.ref(sum), ir.mul(by, value)))
    if (work.mask.kind !== 'condition') return add(weight)
    // Pairs that the mask leaves out are among these, and their values may be anything: 0 · NaN would be NaN.
    const one = ir.let_('weight', weight)
    return [one, ir.if_(ir.ne(ir.ref(one), 0), add(ir.ref(one)))]
  }
  const loop = eachKey(work, cell.y, count, addKey, head.firstPosition)
  const average =
    factors === undefined
      ? ir.ref(sum)
      : ir.mul(ir.ref(sum), ir.load(frame.input(factors), ofRow(work, cell.y, cell.z)))
  if (convolution === undefined) return frame.kernel([head.statements, sum, loop], average)
  const added = convolved(frame, head, convolution)
  return frame.kernel([head.statements, sum, loop, added.statements], ir.add(average, added.value))
}

/** x: key, y: row, z: head. */
export function lowerQuotients(frame: CellFrame, _: CellPass, work: QuotientCells): CellKernel {
  const { weights, factors } = work
  return frame.kernel(
    [],
    ir.mul(
      ir.load(frame.input(weights), ir.add(firstWeight(work, cell.y, cell.z), cell.x)),
      ir.load(frame.input(factors), ofRow(work, cell.y, cell.z)),
    ),
  )
}
