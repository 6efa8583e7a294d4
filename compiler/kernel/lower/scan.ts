/**
 * Scan: one thread takes one number of S or z through the chunks in order.
 * Prefixes are exclusive: a chunk is left with the state of all rows before it.
 */
import type { ScanPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { divide, frame, groupNames, logDecay, logDecayName, u32Name, visible } from './frame.ts'
import { stateLayout } from './state-layout.ts'
import { extent } from './tile.ts'

/**
 * The kernel that sums the chunks' states in order and leaves each chunk its exclusive prefix, or chunk 0
 * the total.
 */
export function lowerScan(schedule: Schedule, pass: ScanPass): Kernel {
  const { binding, counts, kernel } = frame(schedule, pass)
  const state = binding('state')
  const layout = stateLayout(schedule, pass.scaling)
  const scaled = pass.scaling === 'scaled'
  const prefixes = pass.result === 'prefixes'
  const decays = pass.buffers.includes('decay')
  const inS = schedule.features * schedule.valueDim

  const index = ir.let_('index', ir.add(ir.mul(u32Name('part'), pass.tile.threads), ir.thread))
  const isTotal = ir.let_('isTotal', ir.ge(ir.ref(index), inS))
  const feature = ir.let_(
    'feature',
    ir.select(ir.ref(isTotal), ir.sub(ir.ref(index), inS), ir.div(ir.ref(index), schedule.valueDim)),
  )
  const carry = ir.var_('carry', ir.f32(0))
  const scale = ir.var_('scale', ir.f32(lowest))

  /** One thread of each feature leaves the scale of what came before. */
  const leaveScale = (start: Value): Body =>
    scaled
      ? ir.if_(ir.ref(isTotal), ir.store(state, layout.scaleBefore(start, ir.ref(feature)), ir.ref(scale)))
      : []

  /** What came before has faded by γ for each visible row of the chunk: a state is as of the last of them. */
  const fade = (chunk: Value): Body => {
    if (!decays) return []
    const first = ir.mul(chunk, schedule.chunk)
    const rows = ir.let_('rows', extent(first, visible, schedule.chunk))
    const fading = ir.mul(logDecay, ir.convert('f32', ir.ref(rows)))
    return [
      rows,
      scaled
        ? ir.assign(ir.ref(scale), ir.add(ir.ref(scale), fading))
        : ir.assign(ir.ref(carry), ir.mul(ir.ref(carry), ir.call('exp2', fading))),
    ]
  }

  const absorb = (start: Value, sum: Value): Body => {
    if (!scaled) return ir.assign(ir.ref(carry), ir.add(ir.ref(carry), sum))
    const own = ir.let_('own', ir.load(state, layout.scale(start, ir.ref(feature))))
    const larger = ir.let_('larger', ir.call('max', ir.ref(scale), ir.ref(own)))
    const kept = ir.mul(ir.ref(carry), ir.call('exp2', ir.sub(ir.ref(scale), ir.ref(larger))))
    const added = ir.mul(sum, ir.call('exp2', ir.sub(ir.ref(own), ir.ref(larger))))
    return [
      own,
      larger,
      ir.assign(ir.ref(carry), ir.add(kept, added)),
      ir.assign(ir.ref(scale), ir.ref(larger)),
    ]
  }

  const carryOut = (): Body => {
    const carried = binding('carried')
    return [
      ir.store(carried, ir.add(layout.carriedStart, ir.ref(index)), ir.ref(carry)),
      scaled
        ? ir.if_(
            ir.ref(isTotal),
            ir.store(carried, layout.scale(layout.carriedStart, ir.ref(feature)), ir.ref(scale)),
          )
        : [],
    ]
  }

  const first = ir.let_('firstState', layout.start(ir.u32(0)))
  const body = ir.block(
    divide([['part', Math.ceil(layout.sums / pass.tile.threads)]], 'slice'),
    pass.carries || decays ? groupNames(counts, schedule.groups, false) : [],
    decays ? logDecayName(binding('decay')) : [],
    index,
    ir.if_(ir.lt(ir.ref(index), layout.sums), [
      isTotal,
      feature,
      carry,
      scaled ? scale : [],
      ir.for_('chunk', 0, ir.shape('chunks'), 1, (chunk) => {
        const start = ir.let_('stateStart', layout.start(chunk))
        const at = ir.add(ir.ref(start), ir.ref(index))
        const sum = ir.let_('sum', ir.load(state, at))
        return [
          start,
          sum,
          prefixes ? [ir.store(state, at, ir.ref(carry)), leaveScale(ir.ref(start))] : [],
          fade(chunk),
          absorb(ir.ref(start), ir.ref(sum)),
        ]
      }),
      pass.carries ? carryOut() : [],
      prefixes
        ? []
        : [
            first,
            ir.store(state, ir.add(ir.ref(first), ir.ref(index)), ir.ref(carry)),
            leaveScale(ir.ref(first)),
          ],
    ]),
  )
  const what = prefixes
    ? 'Replaces the state of each chunk by the sum of those before it.'
    : 'Replaces the state of the first chunk by the sum of all.'
  return kernel(what, [], body)
}
