/**
 * Merge: the parts that an online pass left over chunks of the keys, put
 * together. Each part has its own scale; all are brought to the largest.
 */
import type { MergePass, Rows, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { frame, u32Name } from './frame.ts'
import { rowFactor } from './readout.ts'
import { firstOf, fixed, guarded, headNames, sliceQueryHead } from './rows.ts'

/** Per query head of the slice, part and row: numerators, denominator, and the scale of both. */
interface PartLayout {
  readonly start: (part: Value, row: Value) => Value
  readonly total: (start: Value) => Value
  readonly scale: (start: Value) => Value
}

export function partLayout(parts: Rows, valueDim: number, scaled: boolean): PartLayout {
  const numbers = valueDim + (scaled ? 2 : 1)
  return {
    start: (part, row) =>
      ir.mul(
        ir.add(ir.mul(ir.add(ir.mul(sliceQueryHead, ir.shape('chunks')), part), fixed(parts.count)), row),
        numbers,
      ),
    total: (start) => ir.add(start, valueDim),
    scale: (start) => ir.add(start, valueDim + 1),
  }
}

export function lowerMerge(schedule: Schedule, pass: MergePass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const { threads, valueDim, out, only } = pass
  const scaled = pass.scaling === 'scaled'
  const parts = binding(pass.parts.buffer)
  const layout = partLayout(pass.parts, valueDim, scaled)
  const numbers = out.count * valueDim

  const number = ir.let_('number', ir.add(ir.mul(u32Name('piece'), threads), ir.thread))
  const row = ir.let_('row', ir.div(ir.ref(number), valueDim))
  const column = ir.let_('column', ir.mod(ir.ref(number), valueDim))
  const largest = ir.var_('largest', ir.f32(lowest))
  const sum = ir.var_('sum', ir.f32(0))
  const total = ir.var_('total', ir.f32(0))

  const eachPart = (then: (start: Value) => ir.Body): ir.Body =>
    ir.for_('part', 0, ir.shape('chunks'), 1, (part) => {
      const start = ir.let_('start', layout.start(part, ir.ref(row)))
      return [start, then(ir.ref(start))]
    })
  const scaleAt = (start: Value): Value => ir.load(parts, layout.scale(start))

  const body = ir.block(
    headNames('sliceQueryHead', [['piece', Math.ceil(numbers / threads)]], counts),
    number,
    guarded(
      only,
      counts,
      ir.if_(ir.lt(ir.ref(number), numbers), [
        row,
        column,
        sum,
        total,
        scaled
          ? [
              largest,
              eachPart((start) =>
                ir.assign(ir.ref(largest), ir.call('max', ir.ref(largest), scaleAt(start))),
              ),
            ]
          : [],
        eachPart((start) => {
          const weight = ir.let_(
            'weight',
            scaled ? ir.call('exp2', ir.sub(scaleAt(start), ir.ref(largest))) : ir.f32(1),
          )
          const weighed = (index: Value): Value =>
            scaled ? ir.mul(ir.ref(weight), ir.load(parts, index)) : ir.load(parts, index)
          return [
            scaled ? weight : [],
            ir.assign(ir.ref(sum), ir.add(ir.ref(sum), weighed(ir.add(start, ir.ref(column))))),
            ir.assign(ir.ref(total), ir.add(ir.ref(total), weighed(layout.total(start)))),
          ]
        }),
        ir.store(
          binding(out.buffer),
          ir.add(ir.mul(firstOf(out, 'sliceQueryHead'), valueDim), ir.ref(number)),
          ir.mul(
            ir.ref(sum),
            rowFactor({ normalize: 'sum', epsilon: 0 }, ir.ref(total), undefined) ?? ir.f32(1),
          ),
        ),
      ]),
    ),
  )
  return kernel('Each row: numerators and denominators of all parts, and their quotient.', [], body)
}
