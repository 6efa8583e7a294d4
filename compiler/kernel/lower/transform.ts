/**
 * Transform: rows through projections that are lengths · H D₃ H D₂ H D₁, with H
 * the Walsh–Hadamard matrix and D random signs (Yu et al., Orthogonal Random
 * Features, NeurIPS 2016), in O(log dim) operations a number.
 *
 * H is a butterfly a + b, a − b for each bit of the numbers' indexes, in any
 * order of the bits. A thread holds eight numbers whose indexes differ in three
 * adjacent bits, a *window*, so that butterflies over these ask no other
 * thread; then numbers change hands through workgroup memory, to threads that
 * hold the next window. The second H goes through the windows backwards, and
 * begins with what threads hold.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Schedule, TransformPass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { frame } from './frame.ts'
import { groupRowNames, projectedCount, sourceOf } from './projected-layout.ts'
import { range } from './tile.ts'

const bitsHeld = 3
const held = 2 ** bitsHeld
/** The three pairs of a sign diagonal and a Walsh–Hadamard matrix. */
const factorCount = 3

/** Three adjacent bits of an index, and those of them that are a window's own and no earlier one's. */
interface Window {
  readonly lowest: number
  readonly bits: readonly number[]
}

function windowsOf(bits: number): Window[] {
  return range(Math.ceil(bits / bitsHeld)).map((which) => {
    const lowest = Math.min(which * bitsHeld, bits - bitsHeld)
    const own = range(Math.min(bitsHeld, bits - which * bitsHeld)).map((bit) => which * bitsHeld + bit)
    return { lowest, bits: own }
  })
}

/**
 * The kernel that projects every query and key row by fast Walsh–Hadamard transforms and stores m numbers a
 * row in `projected`.
 */
export function lowerTransform(schedule: Schedule, pass: TransformPass): Kernel {
  const { dim } = schedule
  const { count, padded, threads } = pass
  const { binding, kernel } = frame(schedule, pass)
  const windows = windowsOf(Math.log2(padded))
  invariant(padded >= held && Number.isInteger(Math.log2(padded)), 'a transform is of a power of two')
  const threadsOfTransform = padded / held
  const together = threads / threadsOfTransform
  const blocks = Math.ceil(count / padded)
  const signs = blocks * factorCount * padded

  const numbers = ir.registers('numbers', 'f32', held)
  // A place is left out after every eight, so that threads meet in fewer banks of memory.
  const exchange: SharedArray = {
    name: 'exchange',
    element: 'f32',
    length: together * (padded + padded / held),
  }
  const inGroup = ir.let_('transformOfGroup', ir.div(ir.thread, threadsOfTransform))
  const member = ir.let_('member', ir.mod(ir.thread, threadsOfTransform))
  const wanted = ir.let_('wanted', ir.add(ir.mul(ir.workgroup, together), ir.ref(inGroup)))
  const all = ir.let_('transforms', ir.mul(projectedCount(schedule.groups), blocks))
  const transform = ir.let_('transform', ir.call('min', ir.ref(wanted), ir.sub(ir.ref(all), 1)))
  const row = ir.let_('row', ir.div(ir.ref(transform), blocks))
  const block = ir.let_('block', ir.mod(ir.ref(transform), blocks))
  const source = sourceOf(schedule, ir.ref(row), { q: binding('q'), k: binding('k') })

  /** Index in the transform of the thread's first number in a window; the others follow 2^lowest apart. */
  const starts = windows.map(({ lowest }, which) => {
    const step = 2 ** lowest
    const low = ir.mod(ir.ref(member), step)
    const high = ir.mul(ir.div(ir.ref(member), step), step * held)
    return ir.let_(`start${which}`, lowest === 0 ? high : ir.add(high, low))
  })
  const indexIn = (which: number, number: number): Value => {
    const start = starts[which]
    const window = windows[which]
    invariant(start !== undefined && window !== undefined, 'a window is one of those that there are')
    return ir.add(ir.ref(start), number * 2 ** window.lowest)
  }
  const each = (then: (number: number) => Body): Body => range(held).map(then)
  const numberAt = (number: number): ReturnType<typeof ir.register> => ir.register(numbers, number)

  const loadRow: Body = source.read((entry) =>
    each((number) => {
      const index = indexIn(0, number)
      const put = ir.assign(numberAt(number), entry(index))
      return dim === padded ? put : ir.if_(ir.lt(index, dim), put)
    }),
  )

  const flip = (factor: number, which: number): Body =>
    each((number) => {
      const at = ir.add(ir.mul(ir.ref(block), factorCount * padded), factor * padded, indexIn(which, number))
      return ir.assign(numberAt(number), ir.mul(numberAt(number), ir.load(binding('factors'), at)))
    })

  const butterflies = (which: number, name: string): Body =>
    (windows[which]?.bits ?? []).map((bit) => {
      const apart = 2 ** (bit - (windows[which]?.lowest ?? 0))
      return range(held)
        .filter((number) => (number & apart) === 0)
        .map((number) => {
          const [left, right] = [numberAt(number), numberAt(number + apart)]
          const difference = ir.let_(`${name}Bit${bit}_${number}`, ir.sub(left, right))
          return [difference, ir.assign(left, ir.add(left, right)), ir.assign(right, ir.ref(difference))]
        })
    })

  const placeOf = (index: Value): Value =>
    ir.add(ir.mul(ir.ref(inGroup), padded + padded / held), index, ir.div(index, held))
  const handOver = (from: number, to: number): Body => [
    ir.barrier,
    each((number) => ir.sharedStore(exchange, placeOf(indexIn(from, number)), numberAt(number))),
    ir.barrier,
    each((number) => ir.assign(numberAt(number), ir.sharedLoad(exchange, placeOf(indexIn(to, number))))),
  ]

  const factors: Body[] = []
  let now = 0
  for (const factor of range(factorCount)) {
    factors.push(ir.comment(`H D${factor + 1}`), flip(factor, now))
    const order = now === 0 ? range(windows.length) : range(windows.length).toReversed()
    for (const next of order) {
      if (next !== now) factors.push(handOver(now, next))
      factors.push(butterflies(next, `factor${factor}`))
      now = next
    }
  }
  const last = now

  const body = ir.block(
    inGroup,
    member,
    wanted,
    all,
    transform,
    row,
    block,
    groupRowNames(schedule.groups),
    source.names,
    starts,
    numbers,
    loadRow,
    factors,
    ir.if_(
      ir.lt(ir.ref(wanted), ir.ref(all)),
      each((number) => {
        const component = ir.let_(
          `component${number}`,
          ir.add(ir.mul(ir.ref(block), padded), indexIn(last, number)),
        )
        const length = ir.load(binding('factors'), ir.add(ir.ref(component), signs))
        const at = ir.add(ir.mul(ir.ref(row), count), ir.ref(component))
        const put = ir.store(binding('projected'), at, ir.mul(numberAt(number), length))
        return [component, count % padded === 0 ? put : ir.if_(ir.lt(ir.ref(component), count), put)]
      }),
    ),
  )
  const what = 'Query and key rows through projections that are signs and Walsh–Hadamard matrices.'
  return kernel(what, windows.length > 1 ? [exchange] : [], body)
}
