/**
 * The exact quotients of batch items with few rows, cell by cell: the scale of
 * the row, then its sums, with κ of each pair evaluated twice; and what is at
 * hand for the others.
 */
import type { CellPass, FewRowsCells } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { cell } from '../cell.ts'
import type { CellKernel } from '../cell.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { convolved } from './convolution.ts'
import { firstOf, headOf } from './frame.ts'
import type { CellFrame } from './frame.ts'
import { inverse, powerOf } from './numbers.ts'
import { pairOf, seenBy } from './pairs.ts'

const queries = { buffer: 'q', of: 'queryHead', count: 'length' } as const
const keys = { buffer: 'k', of: 'keyHead', count: 'visible' } as const

/** x: column, y: row, z: head. */
export function lowerFewRows(frame: CellFrame, pass: CellPass, work: FewRowsCells): CellKernel {
  const { valueDim } = frame.schedule
  const { only, kernel, mask, otherwise, convolution } = work
  const head = headOf(frame, pass.over, cell.z)
  const scaled = kernel.kind === 'scaled'
  const scale = ir.var_('rowScale', ir.f32(lowest))
  const sum = ir.var_('sum', ir.f32(0))
  const total = ir.var_('total', ir.f32(0))
  const result = ir.var_('value', ir.f32(0))
  const eachKey = (then: (j: Value, value: Value, coefficient: Value | undefined) => Body): Body =>
    ir.for_('j', 0, head.visible, 1, (j) => {
      const pair = pairOf(frame, head, { kernel, queries, keys }, cell.y, j)
      const body: Body = [pair.statements, then(j, pair.value, pair.coefficient)]
      const seen = mask.kind === 'none' ? undefined : seenBy({ mask, queries, keys }, head, cell.y, j)
      return seen === undefined ? body : ir.if_(seen, body)
    })
  const grow = (into: typeof sum, value: Value): Body => ir.assign(ir.ref(into), ir.add(ir.ref(into), value))
  const exact: Body = [
    scaled
      ? [scale, eachKey((_, exponent) => ir.assign(ir.ref(scale), ir.call('max', ir.ref(scale), exponent)))]
      : [],
    sum,
    total,
    eachKey((j, value, coefficient) => {
      const exponent = ir.let_('exponent', value)
      const power = scaled ? powerOf(ir.ref(exponent), ir.ref(scale)) : ir.ref(exponent)
      const weight = ir.let_('weight', coefficient === undefined ? power : ir.mul(coefficient, power))
      const at = ir.add(ir.mul(ir.add(firstOf({ ...keys, buffer: 'v' }, head), j), valueDim), cell.x)
      return [
        exponent,
        weight,
        grow(total, ir.ref(weight)),
        grow(sum, ir.mul(ir.ref(weight), ir.load(frame.input('v'), at))),
      ]
    }),
    ir.assign(ir.ref(result), ir.mul(ir.ref(sum), inverse(ir.ref(total)))),
  ]
  const at = ir.add(ir.mul(ir.add(ir.mul(cell.z, ir.shape('length')), cell.y), valueDim), cell.x)
  const fewer = ir.let_('fewer', ir.call('min', head.counted, head.visible))
  const added =
    convolution === undefined ? { statements: [], value: undefined } : convolved(frame, head, convolution)
  return frame.kernel(
    [
      head.statements,
      fewer,
      result,
      ir.if_(
        ir.le(ir.ref(fewer), only.rows),
        exact,
        ir.assign(ir.ref(result), ir.load(frame.input(otherwise), at)),
      ),
      added.statements,
    ],
    added.value === undefined ? ir.ref(result) : ir.add(ir.ref(result), added.value),
  )
}
