/** Rows made of single rows, as an equation: each entry by the expression of its part. */
import { declaredBuffer } from '../../runtime/contract/tensors.ts'
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import type {
  Accumulated,
  Attention,
  Filtered,
  Mapped,
  MappedPart,
  RowOperation,
} from '../algebra/attention.ts'
import { invariant } from '../diagnostics/invariant.ts'
import { constant } from '../symbolic/build.ts'
import { simplify } from '../symbolic/simplify.ts'
import { freeVariables, mapNodes, mentions } from '../symbolic/traverse.ts'
import { placeOfData } from './data.ts'
import {
  add,
  choose,
  load,
  lt,
  mul,
  named,
  real,
  size,
  sub,
  termsOf,
  toReal,
  x,
  y,
  z,
} from './equation/build.ts'
import { entryOf as entryAt, headAt, rowOf } from './equation/heads.ts'
import type { Head } from './equation/heads.ts'
import { equationPass, scratch, sliceHeads } from './equation/plan.ts'
import type { EquationPass, Formula } from './equation.ts'
import { keyRows, outRows, queryRows, valueRows } from './buffers.ts'
import type { BufferPlan, Groups, Over, Rows } from './schedule.ts'
import type { Size } from '../../runtime/contract/size.ts'
import { scaleRows } from './terms.ts'

/** Where and when rows are mapped. */
export interface MapContext {
  readonly attention: Pick<Attention, 'scale' | 'valueDim'>
  /** Of the schedule. */
  readonly groups: Groups
  /** Whether rows follow those of a state: their positions are those behind it. */
  readonly decoding: boolean
  /** Keys of which a batch item’s length counts: the call’s where absent, those of a cache, or none, as all rows are there. */
  readonly counts?: 'cached' | 'none'
  /** Whether cells are written in their order, on targets whose kernels do not scatter. */
  readonly inOrder?: boolean
}

/** Where the rows of a result lie: the output’s with the caller, and others in room of the slice’s heads. */
export const resultPlace = ({ result }: Pick<RowOperation, 'result'>): Rows =>
  result === outRows.buffer ? outRows : { buffer: result, of: 'sliceQueryHead', count: 'length' }

/** Room for the rows of a result between steps. */
export const resultBuffer = (
  { result }: Pick<RowOperation, 'result'>,
  valueDim: number,
  groups: Groups,
): BufferPlan =>
  scratch(result, [valueDim, 'length', sliceHeads(groups)], `per query head and row: [${valueDim}]`)

/** Where the rows of a step lie. */
export const mappedPlace = ({ result, heads, along }: Mapped | Accumulated | Filtered): Rows => ({
  buffer: result,
  of: heads === 'heads' ? 'sliceQueryHead' : 'sliceKeyHead',
  count: along === 'length' ? 'length' : 'visible',
})

/** Whose they are. */
export const overHeads = ({ heads }: Pick<Mapped, 'heads'>): Over =>
  heads === 'heads' ? 'sliceQueryHead' : 'sliceKeyHead'

/** Entries, rows and heads. */
export const extentOf = (
  step: Mapped | Accumulated | Filtered,
  groups: Groups,
): readonly [Size, Size, Size] => [
  step.width,
  step.along,
  step.heads === 'heads' ? sliceHeads(groups) : 'sliceCount',
]

/** Room for the rows of a step. */
export const mappedBuffer = (step: Mapped | Accumulated | Filtered, groups: Groups): BufferPlan =>
  scratch(
    step.result,
    extentOf(step, groups),
    `per ${step.heads === 'heads' ? 'query' : 'key/value'} head and row: [${step.width}]`,
  )

/** The pass that computes the rows of a step. */
export function mapPass(step: Mapped, context: MapContext): EquationPass {
  const seesLength = step.parts.some(({ value }) => mentions(value, 'length'))
  const seesKeys = keysBeside(step).length > 0 && context.counts !== 'none'
  const head = headAt(context.groups, overHeads(step), z, {
    lengths: seesLength || seesKeys,
    positions: context.decoding,
    cached: seesKeys && context.counts === 'cached',
  })
  const value = step.parts
    .toSorted((a, b) => b.start - a.start)
    .reduce<{ readonly end: number; readonly value: Formula }>(
      (behind, part) => ({ end: part.start, value: withPart(step, context, head, part, behind.value) }),
      { end: step.width, value: real(0) },
    ).value
  const place = placeOfResult(step, context, head)
  return equationPass({
    name: nameIn(step, context),
    extent: extentOf(step, context.groups),
    value,
    out: step.result,
    ...(place && { place }),
    what: `rows made of ${step.along === 'length' ? 'query' : 'key'} rows, each of its own`,
  })
}

/** Kernels of one name are the same in all forms. */
function nameIn(step: Mapped, { decoding, counts }: MapContext): string {
  const suffix = counts === 'none' && keysBeside(step).length > 0 ? '_token' : '_cached'
  return decoding ? `${step.name}${suffix}` : step.name
}

/** Where a cell of the output goes, whose heads may be apart; scratch is in the order of the cells. */
function placeOfResult({ result, width }: Mapped, { inOrder }: MapContext, head: Head): Formula | undefined {
  const { buffer, ...rows } = resultPlace({ result })
  if (inOrder === true || buffer !== outRows.buffer) return undefined
  return entryAt({ buffer, ...rows }, head, y, width, x)
}

/** The rows of keys that rows of queries see, whose own token may not count as a key. */
const keysBeside = ({ along, rows }: Mapped): readonly string[] =>
  along === 'keyLength'
    ? []
    : Object.entries(rows).flatMap(([name, operand]) => (isOfKeys(operand) ? [name] : []))

function isOfKeys(operand: Mapped['rows'][string]): boolean {
  if (operand.kind === 'call') return operand.of !== 'q'
  return (operand.kind === 'map' || operand.kind === 'filter') && operand.along === 'keyLength'
}

/** The entries of a part where a cell is one of them, of what lies behind it where it is there, and 0 in between. */
function withPart(step: Mapped, context: MapContext, head: Head, part: MappedPart, behind: Formula): Formula {
  const { start, size: count } = part
  const own = entryOf(step, context, head, part)
  const after = start + count === step.width ? own : choose(lt(x, start + count), own, behind)
  const isBehind = step.parts.some((other) => other.start < start)
  const first = Math.max(
    0,
    ...step.parts.flatMap((other) => (other.start < start ? other.start + other.size : [])),
  )
  return isBehind && first < start ? choose(lt(x, start), real(0), after) : after
}

/** An entry, and where its row counts as no key the same without the key. */
function entryOf(step: Mapped, context: MapContext, head: Head, part: MappedPart): Formula {
  const keys = keysBeside(step).filter((name) => mentions(part.value, name))
  const entry = entryOfRows(step, context, head, part)
  if (keys.length === 0 || context.counts === 'none') return entry
  const row = rowOfKeys(step, context, head)
  const place = context.counts === 'cached' ? add(head.firstPosition, row) : row
  const without = mapNodes(part.value, (node) =>
    node.kind === 'element' && keys.includes(node.vector) ? constant(0) : undefined,
  )
  return choose(
    lt(place, head.visible),
    entry,
    entryOfRows(step, context, head, { ...part, value: simplify(without) }),
  )
}

function entryOfRows(step: Mapped, context: MapContext, head: Head, { start, value }: MappedPart): Formula {
  const { rows, data } = step
  const { attention } = context
  const position = positionOf(step, context, head)
  const rowIn = (along: 'length' | 'keyLength'): Formula =>
    along === 'keyLength' ? rowOfKeys(step, context, head) : y
  const seen = data.filter(({ name }) => mentions(value, name))
  const [scalars, vectors] = [
    seen.filter(({ shape }) => shape.length === 0),
    seen.filter(({ shape }) => shape.length > 0),
  ]
  const at = (plan: TensorPlan): Formula => placeOfData(plan, head, rowIn(plan.rows ?? step.along))
  const [entry] = termsOf({
    expressions: [scaleRows(value, attention.scale)],
    rows: {
      ...Object.fromEntries(
        Object.entries(rows).map(([name, operand]) => [
          name,
          firstEntry(operand, head, attention.valueDim, rowIn),
        ]),
      ),
      ...Object.fromEntries(
        vectors.map((plan) => [plan.name, { buffer: declaredBuffer(plan), start: at(plan) }]),
      ),
    },
    scalars: {
      ...numbersAround(value, head, position),
      ...Object.fromEntries(scalars.map((plan) => [plan.name, load(declaredBuffer(plan), at(plan))])),
    },
    indexes: { component: start === 0 ? x : sub(x, start) },
  })
  invariant(entry !== undefined, 'an expression has a value')
  return entry
}

function positionOf({ along }: Mapped, { decoding }: MapContext, head: Head): Formula {
  const own = along === 'length' ? size('offset') : size(0)
  return named('position', add(decoding ? head.firstPosition : own, y))
}

/** The row of a token among those of keys: query rows may be those of a block of the call, whose key rows are all there. */
const rowOfKeys = (step: Mapped, context: MapContext, head: Head): Formula =>
  step.along === 'length' && !context.decoding ? positionOf(step, context, head) : y

/** Where a row that an expression sees begins. */
function firstEntry(
  operand: Mapped['rows'][string],
  head: Head,
  valueDim: number,
  rowIn: (along: 'length' | 'keyLength') => Formula,
): { readonly buffer: string; readonly start: Formula } {
  const rows = placeOfRows(operand)
  const along = rows.count === 'length' ? 'length' : 'keyLength'
  const width = 'width' in operand ? operand.width : valueDim
  return { buffer: rows.buffer, start: mul(rowOf(rows, head, rowIn(along)), width) }
}

function placeOfRows(operand: Mapped['rows'][string]): Rows {
  if (operand.kind === 'call') return { q: queryRows, k: keyRows, v: valueRows }[operand.of]
  return operand.kind === 'attend' || operand.kind === 'recur' ? resultPlace(operand) : mappedPlace(operand)
}

/** What is at hand beside rows and data, as far as an expression asks for it. */
function numbersAround(value: MappedPart['value'], head: Head, position: Formula): Record<string, Formula> {
  const names = freeVariables(value)
  const known: Readonly<Record<string, () => Formula>> = {
    position: () => toReal(position),
    length: () => toReal(head.visible),
    head: () => toReal(named('head', head.number)),
    heads: () => toReal(size('heads')),
  }
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, of]) => (names.has(name) ? [[name, of()]] : [])),
  )
}
