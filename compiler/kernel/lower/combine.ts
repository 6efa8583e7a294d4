/** Combine: a thread for each entry of the output adds up what the rounds left, each brought to the largest scale. */
import type { CombinePass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { firstQueryRow, frame, u32Name, visible } from './frame.ts'
import { rowFactor } from './readout.ts'
import { headNames } from './rows.ts'
import { partOfRound } from './near.ts'

export function lowerCombine(schedule: Schedule, pass: CombinePass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const { threads, rounds, valueDim, epsilon } = pass
  const parts = binding('parts')
  const pieces = ir.div(ir.add(ir.mul(ir.shape('length'), valueDim), threads - 1), threads)

  const number = ir.let_('number', ir.add(ir.mul(u32Name('piece'), threads), ir.thread))
  const row = ir.let_('row', ir.div(ir.ref(number), valueDim))
  const column = ir.let_('column', ir.mod(ir.ref(number), valueDim))
  const largest = ir.var_('largest', ir.f32(lowest))
  const sum = ir.var_('sum', ir.f32(0))
  const total = ir.var_('total', ir.f32(0))
  const eachRound = (then: (start: Value) => Body): Body =>
    ir.for_('round', 0, rounds, 1, (round) => {
      const start = ir.let_('start', partOfRound(pass, round, ir.ref(row)))
      return [start, then(ir.ref(start))]
    })
  const scaleAt = (start: Value): Value => ir.load(parts, ir.add(start, valueDim + 1))
  const factor = (): Value =>
    rowFactor({ normalize: 'sum', epsilon }, ir.ref(total), ir.ref(largest)) ?? ir.f32(1)

  const body = ir.block(
    headNames('sliceQueryHead', [['piece', pieces]], counts),
    number,
    row,
    ir.if_(ir.lt(ir.ref(row), ir.shape('length')), [
      column,
      largest,
      sum,
      total,
      ir.if_(ir.lt(ir.ref(row), visible), [
        eachRound((start) => ir.assign(ir.ref(largest), ir.call('max', ir.ref(largest), scaleAt(start)))),
        eachRound((start) => {
          const weight = ir.let_('weight', ir.call('exp2', ir.sub(scaleAt(start), ir.ref(largest))))
          const weighed = (index: Value): Value => ir.mul(ir.ref(weight), ir.load(parts, index))
          return [
            weight,
            ir.assign(ir.ref(sum), ir.add(ir.ref(sum), weighed(ir.add(start, ir.ref(column))))),
            ir.assign(ir.ref(total), ir.add(ir.ref(total), weighed(ir.add(start, valueDim)))),
          ]
        }),
      ]),
      ir.store(
        binding('out'),
        ir.add(ir.mul(firstQueryRow, valueDim), ir.ref(number)),
        ir.mul(ir.ref(sum), factor()),
      ),
    ]),
  )
  return kernel('Each row: numerators and denominators of all rounds, and their quotient.', [], body)
}
