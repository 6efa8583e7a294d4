/**
 * Scan: one thread takes one number of S or z through the chunks in order.
 * Prefixes are exclusive: a chunk is left with the state of all rows before it.
 */
import type { ScanPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import { record } from '../author.ts'
import type { Author, Name } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Kernel, Value } from '../kernel.ts'
import type { StateAction } from './action.ts'
import { divide, frame, groupNames, u32Name, visible } from './frame.ts'
import { raised, relativeTo } from './running-scale.ts'
import { stateLayout } from './state-layout.ts'
import type { StateLayout } from './state-layout.ts'
import { extent } from './tile.ts'

/**
 * The kernel that sums the chunks' states in order and leaves each chunk its exclusive prefix, or chunk 0
 * the total.
 */
export function lowerScan(schedule: Schedule, pass: ScanPass): Kernel {
  const { binding, counts, action, kernel } = frame(schedule, pass)
  const layout = stateLayout(schedule, pass.scaling)
  const prefixes = pass.result === 'prefixes'

  const body = record((k) => {
    k.use(divide([['part', Math.ceil(layout.sums / pass.tile.threads)]], 'slice'))
    if (pass.carries === 'carried' || pass.begins || !action.isIdentity)
      k.use(groupNames(counts, schedule.groups, false))
    action.declare(k)
    const index = k.let('index', ir.add(ir.mul(u32Name('part'), pass.tile.threads), ir.thread))
    k.if(ir.lt(index, layout.sums), () => {
      const sum = declareSum(k, schedule, pass, layout, binding('state'), index)
      if (pass.begins) beginWith(k, sum, binding(pass.begins))
      k.loop('chunk', 0, ir.shape('chunks'), (chunk) => {
        const start = k.let('stateStart', layout.start(chunk))
        const own = k.let('sum', ir.load(sum.state, ir.add(start, index)))
        if (prefixes) leaveSum(k, sum, start)
        action.row.act(() => actOn(k, schedule, sum, action, chunk))
        addState(k, sum, start, own)
      })
      if (pass.carries !== undefined) carryOut(k, sum, binding(pass.carries), pass.carries)
      if (!prefixes) leaveSum(k, sum, k.let('firstState', layout.start(ir.u32(0))))
    })
  })
  const summary = prefixes
    ? 'Replaces the state of each chunk by the sum of those before it.'
    : 'Replaces the state of the first chunk by the sum of all.'
  return kernel(summary, [], body)
}

/** A number of S or z, summed by one thread. */
interface Sum {
  readonly state: Binding
  readonly layout: StateLayout
  /** Its index in a chunk's state. */
  readonly index: Value
  /** Whether it is one of z: its thread leaves the scale of the feature. */
  readonly isTotal: Value
  readonly feature: Value
  readonly carry: Name
  /** The running scale, where sums are scaled. */
  readonly scale: Name | undefined
}

function declareSum(
  k: Author,
  { features, valueDim }: Schedule,
  { scaling }: ScanPass,
  layout: StateLayout,
  state: Binding,
  index: Value,
): Sum {
  const inS = features * valueDim
  const isTotal = k.let('isTotal', ir.ge(index, inS))
  const feature = k.let('feature', ir.select(isTotal, ir.sub(index, inS), ir.div(index, valueDim)))
  const carry = k.var('carry', ir.f32(0))
  const scale = scaling === 'scaled' ? k.var('scale', ir.f32(lowest)) : undefined
  return { state, layout, index, isTotal, feature, carry, scale }
}

/** Begins with the state of the rows before the first one. */
function beginWith(k: Author, { layout, index, feature, carry, scale }: Sum, before: Binding): void {
  k.set(carry, ir.load(before, ir.add(layout.carriedStart, index)))
  if (scale !== undefined) k.set(scale, ir.load(before, layout.scale(layout.carriedStart, feature)))
}

/** Stores the sum so far in the state at `start`, and the scale of what came before it. */
function leaveSum(k: Author, sum: Sum, start: Value): void {
  const { state, layout, index, isTotal, feature, carry, scale } = sum
  k.store(state, ir.add(start, index), carry)
  if (scale !== undefined) k.if(isTotal, () => k.store(state, layout.scaleBefore(start, feature), scale))
}

/** The visible rows of the chunk act on what came before: a state is as of the last of them. */
function actOn(
  k: Author,
  { chunk: length }: Schedule,
  { carry, scale }: Sum,
  action: StateAction,
  chunk: Value,
): void {
  const rows = k.let('rows', extent(ir.mul(chunk, length), visible, length))
  const elapsed = action.after(ir.convert('f32', rows))
  if (scale === undefined) elapsed.apply(k, carry)
  else k.set(scale, elapsed.lower(scale))
}

/** Adds the state at `start`, whose number is `own`; of scaled sums, over the larger of both scales. */
function addState(k: Author, { state, layout, feature, carry, scale }: Sum, start: Value, own: Value): void {
  if (scale === undefined) {
    k.add(carry, own)
    return
  }
  const ownScale = k.let('own', ir.load(state, layout.scale(start, feature)))
  const larger = k.let('larger', raised(scale, ownScale))
  const kept = ir.mul(carry, relativeTo(larger, scale))
  k.set(carry, ir.add(kept, ir.mul(own, relativeTo(larger, ownScale))))
  k.set(scale, larger)
}

/** Stores the sum of all chunks in the state that decoding carries, or in the total of which it is made. */
function carryOut(k: Author, sum: Sum, buffer: Binding, which: 'carried' | 'total'): void {
  const { layout, index, isTotal, feature, carry, scale } = sum
  const start = which === 'carried' ? layout.carriedStart : layout.totalStart
  k.store(buffer, ir.add(start, index), carry)
  if (scale !== undefined) k.if(isTotal, () => k.store(buffer, layout.scale(start, feature), scale))
}
