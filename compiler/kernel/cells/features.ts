/** φ cell by cell: a number for each component of each row, and the papers' maxima over them. */
import type { FeatureCells, RowMaximumCells, ScheduledBlock } from '../../schedule/schedule.ts'
import type { CellPass } from '../../schedule/schedule.ts'
import type { Expression } from '../../symbolic/expression.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { cell } from '../cell.ts'
import type { CellKernel } from '../cell.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { evaluate } from './entries.ts'
import type { Evaluated } from './entries.ts'
import { headOf, queryHeadOf } from './frame.ts'
import type { CellFrame, Head } from './frame.ts'
import { unlessZero } from './numbers.ts'

/** x: component of φ, y: row, z: head. */
export function lowerFeatures(
  frame: CellFrame,
  pass: CellPass,
  { part, features }: FeatureCells,
): CellKernel {
  const { side, blocks } = features
  const head = headOf(frame, pass.over, cell.z)
  const wanted = blocks.map((block) => {
    const component = ir.sub(cell.x, block.start)
    const expressions = expressionsOf(block, part)
    const evaluated = evaluateRow(frame, head, side, block, component, cell.y, expressions)
    return { block, statements: evaluated.statements, value: valueOf(part, evaluated) }
  })
  const [only] = wanted
  const guarded = side === 'key' && frame.reads('lengths')
  if (only !== undefined && wanted.length === 1 && !guarded)
    return frame.kernel([head.statements, only.statements], only.value)

  const value = ir.var_('value', ir.f32(part === 'exponent' ? lowest : 0))
  const choose = (from: number): Body => {
    const one = wanted[from]
    if (one === undefined) return []
    const here = [one.statements, ir.assign(ir.ref(value), one.value)]
    if (from === wanted.length - 1) return here
    return ir.if_(ir.lt(cell.x, one.block.start + one.block.size), here, choose(from + 1))
  }
  return frame.kernel(
    [head.statements, value, guarded ? ir.if_(ir.lt(cell.y, head.visible), choose(0)) : choose(0)],
    ir.ref(value),
  )
}

/** x: row, y: head. */
export function lowerRowMaxima(frame: CellFrame, pass: CellPass, { features }: RowMaximumCells): CellKernel {
  const { side, blocks } = features
  const head = headOf(frame, pass.over, cell.y)
  const largest = ir.var_('largest', ir.f32(lowest))
  const loops = blocks.map((block) =>
    ir.for_('component', 0, block.size, 1, (component) => {
      const evaluated = evaluateRow(
        frame,
        head,
        side,
        block,
        component,
        cell.x,
        expressionsOf(block, 'value'),
      )
      const [value] = evaluated.values
      return [
        evaluated.statements,
        ir.assign(ir.ref(largest), ir.call('max', ir.ref(largest), value ?? ir.f32(0))),
      ]
    }),
  )
  return frame.kernel([head.statements, largest, loops], ir.ref(largest))
}

/** x: group. */
export function lowerHeadMaximum(frame: CellFrame, pass: CellPass): CellKernel {
  const head = headOf(frame, pass.over, cell.x)
  const largest = ir.var_('largest', ir.f32(lowest))
  const loop = ir.for_('row', 0, head.visible, 1, (row) =>
    ir.assign(
      ir.ref(largest),
      ir.call(
        'max',
        ir.ref(largest),
        ir.load(frame.input('keyMaxima'), ir.add(ir.mul(cell.x, ir.shape('keyLength')), row)),
      ),
    ),
  )
  return frame.kernel([head.statements, largest, loop], ir.ref(largest))
}

function evaluateRow(
  frame: CellFrame,
  head: Head,
  side: 'query' | 'key',
  block: ScheduledBlock,
  component: Value,
  row: Value,
  expressions: readonly Expression[],
): Evaluated {
  const { dim } = frame.schedule
  const ofQueries = side === 'query'
  const rows = ir.shape(ofQueries ? 'length' : 'keyLength')
  const first = ir.mul(ofQueries ? queryHeadOf(head) : head.keyGroup, rows)
  const input = frame.input(ofQueries ? 'q' : 'k')
  const maximum = ofQueries
    ? (): Value => ir.load(frame.input('queryMaxima'), ir.add(ir.mul(head.at, rows), row))
    : (): Value => ir.load(frame.input('headMaxima'), head.sliceGroup)
  return evaluate(expressions, {
    names: frame.names,
    rows: {
      x: (index) => ir.load(input, ir.add(ir.mul(ir.add(first, row), dim), index)),
      w: (index) => ir.load(frame.input('w'), ir.add(ir.mul(component, dim), index)),
    },
    scalars: {
      position: ir.convert('f32', ir.add(head.firstPosition, row)),
      length: ir.convert('f32', ofQueries ? head.counted : head.visible),
      ...(frame.reads(ofQueries ? 'queryMaxima' : 'headMaxima') ? { maximum: maximum() } : {}),
    },
    ...(block.projected ? {} : { component }),
  })
}

/** Of an exponent also the coefficient, which may be 0. */
function expressionsOf({ term }: ScheduledBlock, part: FeatureCells['part']): readonly Expression[] {
  if (term.kind === 'plain') return [term.value]
  const { exponent, coefficient } = term
  if (part === 'exponent') return coefficient === undefined ? [exponent] : [exponent, coefficient]
  return coefficient === undefined ? [] : [coefficient]
}

function valueOf(part: FeatureCells['part'], { values }: Evaluated): Value {
  const [first, second] = values
  if (first === undefined) return ir.f32(1)
  return part === 'exponent' ? unlessZero(first, second) : first
}
