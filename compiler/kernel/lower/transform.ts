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
import { record } from '../author.ts'
import type { Author, Name } from '../author.ts'
import type { Kernel, SharedArray, Value } from '../kernel.ts'
import { frame } from './frame.ts'
import { declareGroupRows, declareSource, projectedCount } from './projected-layout.ts'
import { nth, range } from './tile.ts'

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
  const { count, padded, threads } = pass
  invariant(padded >= held && Number.isInteger(Math.log2(padded)), 'a transform is of a power of two')
  const { binding, kernel } = frame(schedule, pass)
  const windows = windowsOf(Math.log2(padded))
  const threadsOfTransform = padded / held
  const together = threads / threadsOfTransform
  const blocks = Math.ceil(count / padded)
  const exchange: SharedArray = { name: 'exchange', element: 'f32', length: together * placesOf(padded) }

  const body = record((k) => {
    const inGroup = k.let('transformOfGroup', ir.div(ir.thread, threadsOfTransform))
    const member = k.let('member', ir.mod(ir.thread, threadsOfTransform))
    const wanted = k.let('wanted', ir.add(ir.mul(ir.workgroup, together), inGroup))
    const all = k.let('transforms', ir.mul(projectedCount(schedule.groups), blocks))
    const transform = k.let('transform', ir.call('min', wanted, ir.sub(all, 1)))
    const row = k.let('row', ir.div(transform, blocks))
    const block = k.let('block', ir.mod(transform, blocks))
    const ofGroup = declareGroupRows(k, schedule.groups)
    const source = declareSource(k, schedule, ofGroup, row, { q: binding('q'), k: binding('k') })
    const starts = windows.map(({ lowest }, which) => k.let(`start${which}`, startOf(member, 2 ** lowest)))
    const numbers = k.registers('numbers', 'f32', held)
    const butterfly = new Butterfly(k, { windows, starts, numbers, exchange, padded, inGroup })

    source.read(k, (entry) => butterfly.load(schedule.dim, entry))
    const firstFactor = ir.mul(block, factorCount * padded)
    for (const factor of range(factorCount)) {
      k.comment(`H D${factor + 1}`)
      butterfly.multiply((index) => ir.load(binding('factors'), ir.add(firstFactor, factor * padded, index)))
      butterfly.transform(`factor${factor}`)
    }
    k.if(ir.lt(wanted, all), () =>
      butterfly.each((number, index, which) => {
        const component = k.let(`component${which}`, ir.add(ir.mul(block, padded), index))
        const length = ir.load(binding('factors'), ir.add(component, blocks * factorCount * padded))
        k.guard(count % padded === 0 ? ir.bool(true) : ir.lt(component, count), () =>
          k.store(binding('projected'), ir.add(ir.mul(row, count), component), ir.mul(number, length)),
        )
      }),
    )
  })
  const summary = 'Query and key rows through projections that are signs and Walsh–Hadamard matrices.'
  return kernel(summary, windows.length > 1 ? [exchange] : [], body)
}

/** Index in the transform of a thread's first number in a window; the others follow `apart` from one another. */
function startOf(member: Value, apart: number): Value {
  const high = ir.mul(ir.div(member, apart), apart * held)
  return apart === 1 ? high : ir.add(high, ir.mod(member, apart))
}

/** Places of `count` numbers in shared memory: one is left out after every eight, so that threads meet in fewer banks. */
const placesOf = (count: number): number => count + count / held

/** The numbers of a transform that one thread holds. */
interface Held {
  readonly windows: readonly Window[]
  /** Index of its first number in each window. */
  readonly starts: readonly Value[]
  readonly numbers: readonly Name[]
  readonly exchange: SharedArray
  readonly padded: number
  /** Which of the workgroup's transforms it is. */
  readonly inGroup: Value
}

/** The code of a transform, which knows the window that the thread holds at this point of the kernel. */
class Butterfly {
  readonly #k: Author
  readonly #held: Held
  #window = 0

  constructor(k: Author, held: Held) {
    this.#k = k
    this.#held = held
  }

  /** Each number that the thread holds, with its index in the transform. */
  each(then: (number: Name, index: Value, which: number) => void): void {
    const start = nth(this.#held.starts, this.#window)
    const apart = 2 ** nth(this.#held.windows, this.#window).lowest
    this.#held.numbers.forEach((number, which) => then(number, ir.add(start, which * apart), which))
  }

  /** Loads the row's entries; numbers behind the last of `dim` stay 0. */
  load(dim: number, entry: (index: Value) => Value): void {
    this.each((number, index) =>
      this.#k.guard(dim === this.#held.padded ? ir.bool(true) : ir.lt(index, dim), () =>
        this.#k.set(number, entry(index)),
      ),
    )
  }

  multiply(factor: (index: Value) => Value): void {
    this.each((number, index) => this.#k.multiply(number, factor(index)))
  }

  /** The Walsh–Hadamard transform, from the window that the thread holds to the one farthest from it. */
  transform(word: string): void {
    const windows = [...this.#held.windows.keys()]
    for (const window of this.#window === 0 ? windows : windows.toReversed()) {
      if (window !== this.#window) this.#handOver(window)
      for (const bit of nth(this.#held.windows, window).bits) this.#stage(bit, `${word}Bit${bit}`)
    }
  }

  /** a + b, a − b of the numbers whose indexes differ in one bit. */
  #stage(bit: number, word: string): void {
    const k = this.#k
    const { numbers, windows } = this.#held
    const apart = 2 ** (bit - nth(windows, this.#window).lowest)
    numbers.forEach((left, number) => {
      if ((number & apart) !== 0) return
      const right = nth(numbers, number + apart)
      const difference = k.let(`${word}_${number}`, ir.sub(left, right))
      k.set(left, ir.add(left, right))
      k.set(right, difference)
    })
  }

  /** Numbers go through shared memory to the threads that hold the next window. */
  #handOver(window: number): void {
    const k = this.#k
    const { exchange, inGroup, padded } = this.#held
    const placeOf = (index: Value): Value =>
      ir.add(ir.mul(inGroup, placesOf(padded)), index, ir.div(index, held))
    k.barrier()
    this.each((number, index) => k.sharedStore(exchange, placeOf(index), number))
    k.barrier()
    this.#window = window
    this.each((number, index) => k.set(number, ir.sharedLoad(exchange, placeOf(index))))
  }
}
