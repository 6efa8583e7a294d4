/** Rows made of single rows, as an equation: each entry by the expression of its part. */
import { declaredBuffer } from '../../runtime/contract/tensors.ts'
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import type { Attention, CallRows, Mapped, MappedPart } from '../algebra/attention.ts'
import { invariant } from '../diagnostics/invariant.ts'
import { freeVariables, mentions } from '../symbolic/traverse.ts'
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
import { headAt, rowOf } from './equation/heads.ts'
import type { Head } from './equation/heads.ts'
import { equationPass, scratch, sliceHeads } from './equation/plan.ts'
import type { EquationPass, Formula } from './equation.ts'
import { keyRows, queryRows, valueRows } from './buffers.ts'
import type { BufferPlan, Groups, Over, Rows } from './schedule.ts'
import type { Size } from '../../runtime/contract/size.ts'
import { scaleRows } from './terms.ts'

/** Where and when rows are mapped. */
export interface MapContext {
  readonly attention: Pick<Attention, 'scale'>
  /** Of the schedule. */
  readonly groups: Groups
  /** Whether rows follow those of a state: their positions are those behind it. */
  readonly decoding: boolean
}

/** Where the rows of a step lie. */
export const mappedPlace = ({ result, heads, along }: Mapped): Rows => ({
  buffer: result,
  of: heads === 'heads' ? 'sliceQueryHead' : 'sliceKeyHead',
  count: along === 'length' ? 'length' : 'visible',
})

const overHeads = ({ heads }: Mapped): Over => (heads === 'heads' ? 'sliceQueryHead' : 'sliceKeyHead')

const extentOf = (step: Mapped, groups: Groups): readonly [Size, Size, Size] => [
  step.width,
  step.along,
  step.heads === 'heads' ? sliceHeads(groups) : 'sliceCount',
]

/** Room for the rows of a step. */
export const mappedBuffer = (step: Mapped, groups: Groups): BufferPlan =>
  scratch(
    step.result,
    extentOf(step, groups),
    `per ${step.heads === 'heads' ? 'query' : 'key/value'} head and row: [${step.width}]`,
  )

/** The pass that computes the rows of a step. */
export function mapPass(step: Mapped, context: MapContext): EquationPass {
  const seesLength = step.parts.some(({ value }) => mentions(value, 'length'))
  const head = headAt(context.groups, overHeads(step), z, {
    lengths: seesLength,
    positions: context.decoding,
  })
  const value = step.parts
    .toSorted((a, b) => b.start - a.start)
    .reduce<{ readonly end: number; readonly value: Formula }>(
      (behind, part) => ({ end: part.start, value: withPart(step, context, head, part, behind.value) }),
      { end: step.width, value: real(0) },
    ).value
  return equationPass({
    name: context.decoding ? `${step.name}_cached` : step.name,
    extent: extentOf(step, context.groups),
    value,
    out: step.result,
    what: `rows made of ${step.along === 'length' ? 'query' : 'key'} rows, each of its own`,
  })
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

function entryOf(step: Mapped, context: MapContext, head: Head, { start, value }: MappedPart): Formula {
  const { rows, data } = step
  const { decoding, attention } = context
  const own = step.along === 'length' ? size('offset') : size(0)
  const position = named('position', add(decoding ? head.firstPosition : own, y))
  // Query rows may be those of a block of the call, whose key rows are all there.
  const rowIn = (along: 'length' | 'keyLength'): Formula =>
    step.along === 'length' && along === 'keyLength' && !decoding ? position : y
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
        Object.entries(rows).map(([name, operand]) => [name, firstEntry(operand, head, rowIn)]),
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

/** Where a row that an expression sees begins. */
function firstEntry(
  operand: CallRows | Mapped,
  head: Head,
  rowIn: (along: 'length' | 'keyLength') => Formula,
): { readonly buffer: string; readonly start: Formula } {
  const rows =
    operand.kind === 'map' ? mappedPlace(operand) : { q: queryRows, k: keyRows, v: valueRows }[operand.of]
  const along = rows.count === 'length' ? 'length' : 'keyLength'
  return { buffer: rows.buffer, start: mul(rowOf(rows, head, rowIn(along)), operand.width) }
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
