// What warps ask of memory and of multipliers, on kernels whose counts are known by hand.
import { describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import type { Kernel, SharedArray } from '../../compiler/kernel/kernel.ts'
import type { Counts } from '../../compiler/cost/counts.ts'
import { registersOf } from '../../compiler/cost/registers.ts'
import { copyFrom, counterOf, kernelOf, number, sharedRead, source, target } from './kernels.ts'

const counted = (kernel: Kernel, width = 32): Counts => counterOf(kernel, width).count(0)

describe('global memory, of two warps of 32', () => {
  // Stores of neighbours: a line of four sectors for each warp.
  const stores = { sectors: 8, lines: 2 }

  test('neighbours read neighbours: a line each', () => {
    const { sectors, leastSectors, lines, globalLoads, globalStores } = counted(copyFrom(number))
    expect({ sectors, leastSectors, lines }).toEqual({ sectors: 16, leastSectors: 16, lines: 4 })
    expect([globalLoads, globalStores]).toEqual([2, 2])
  })

  test('one number off: a line more, and a sector', () => {
    const { sectors, lines } = counted(copyFrom(ir.add(number, 1)))
    expect({ sectors, lines }).toEqual({ sectors: 8 + 2 + stores.sectors, lines: 4 + stores.lines })
  })

  test('rows of 64: every lane has a line of its own', () => {
    const { sectors, leastSectors, lines } = counted(copyFrom(ir.mul(number, 64)))
    expect({ sectors, lines }).toEqual({ sectors: 64 + stores.sectors, lines: 64 + stores.lines })
    expect(leastSectors).toBe(16)
  })

  test('every second number: twice the sectors', () => {
    const { sectors, leastSectors } = counted(copyFrom(ir.mul(number, 2)))
    expect([sectors, leastSectors]).toEqual([16 + stores.sectors, 16])
  })

  test('eight lanes read one number: no more than that is wanted', () => {
    const { sectors, leastSectors, lines } = counted(copyFrom(ir.div(ir.thread, 8)))
    expect({ sectors, leastSectors, lines }).toEqual({ sectors: 10, leastSectors: 10, lines: 4 })
  })

  test('what a workgroup reads again is in its footprint once', () => {
    const again = ir.add(ir.load(source, number), ir.load(source, ir.sub(ir.u32(63), ir.thread)))
    const { sectors, sectorsRead, sectorsWritten } = counted(kernelOf(ir.store(target, number, again)))
    expect({ sectors, sectorsRead, sectorsWritten }).toEqual({
      sectors: 24,
      sectorsRead: 8,
      sectorsWritten: 8,
    })
  })

  test.each([
    [16, 4, 4],
    [32, 2, 4],
    [64, 1, 4],
  ])('warps of %i lanes: %i loads, of neighbours', (width, loads, lines) => {
    const counts = counted(copyFrom(number), width)
    expect(counts.globalLoads).toBe(loads)
    expect(counts.lines).toBe(width === 16 ? 2 * lines : lines)
  })
})

describe('workgroup memory', () => {
  const numbers: SharedArray = { name: 'numbers', element: 'f32', length: 64 * 33 }
  const fours: SharedArray = { name: 'fours', element: 'vec4f', length: 512 }

  test.each([
    ['neighbours', ir.thread, 2],
    ['one number for all', ir.u32(7), 2],
    ['every second number', ir.mul(ir.thread, 2), 4],
    ['a column of 32', ir.mul(ir.thread, 32), 64],
    ['a column of 33', ir.mul(ir.thread, 33), 2],
    ['eight lanes to a number', ir.div(ir.thread, 8), 2],
  ])('%s', (_, index, turns) => {
    const counts = counted(sharedRead(numbers, index))
    expect([counts.sharedAccesses, counts.turns, counts.leastTurns]).toEqual([2, turns, 2])
  })

  test.each([
    ['neighbours', ir.thread, 8],
    ['a column of 8', ir.mul(ir.thread, 8), 64],
    ['eight lanes to four numbers', ir.div(ir.thread, 8), 8],
  ])('four numbers a lane, by quarters of a warp: %s', (_, index, turns) => {
    const counts = counted(sharedRead(fours, index))
    expect([counts.turns, counts.leastTurns]).toEqual([turns, 8])
  })
})

describe('arithmetic and control', () => {
  const x = ir.load(source, number)

  test('a product that is added is one instruction, a power of two a unit of its own', () => {
    const value = ir.add(ir.mul(ir.load(source, ir.add(number, 64)), x), ir.call('exp2', x))
    const { multiplyAdds, floats, specials } = counted(kernelOf(ir.store(target, number, value)))
    expect({ multiplyAdds, floats, specials }).toEqual({ multiplyAdds: 64, floats: 0, specials: 64 })
  })

  test('a function that is spelt out takes the instructions of its text', () => {
    const { multiplyAdds, specials } = counted(kernelOf(ir.store(target, number, ir.call('exp', x))))
    expect(multiplyAdds).toBeGreaterThan(5 * 64)
    expect(specials).toBe(0)
    expect(counted(kernelOf(ir.store(target, number, ir.call('sigmoid', x)))).specials).toBe(64)
  })

  test('lanes that part take both ways, one after the other', () => {
    const odd = ir.eq(ir.mod(ir.thread, 2), 1)
    const one = ir.store(target, number, ir.mul(x, x))
    const parted = counted(kernelOf(ir.if_(odd, one, one)))
    const together = counted(kernelOf(ir.if_(ir.lt(ir.thread, 32), one, one)))
    expect([parted.floats, together.floats]).toEqual([128, 64])
    expect([parted.globalStores, together.globalStores]).toEqual([4, 2])
  })

  test('a warp goes on until its last lane has done', () => {
    const sum = ir.var_('sum', ir.f32(0))
    const loop = (end: ir.Operand): Counts =>
      counted(
        kernelOf([
          sum,
          ir.for_('round', 0, end, 1, (round) =>
            ir.assign(ir.ref(sum), ir.add(ir.ref(sum), ir.load(source, round))),
          ),
          ir.store(target, number, ir.ref(sum)),
        ]),
      )
    // The first warp takes 31 rounds, the second 63.
    expect(loop(ir.thread).globalLoads).toBe(94)
    expect(loop(10).globalLoads).toBe(20)
  })

  test('what a loop does not change is computed before it, and once', () => {
    const sum = ir.var_('sum', ir.f32(0))
    const body = (value: (round: ir.Operand) => ir.Operand): Kernel =>
      kernelOf([
        sum,
        ir.for_('round', 0, 16, 1, (round) =>
          ir.assign(ir.ref(sum), ir.call('max', ir.ref(sum), value(round))),
        ),
        ir.store(target, number, ir.ref(sum)),
      ])
    const same = counted(body(() => ir.convert('f32', ir.mul(ir.thread, ir.thread))))
    const other = counted(body((round) => ir.convert('f32', ir.mul(ir.thread, round))))
    expect(other.floats - same.floats).toBe(15 * 64)
    expect(other.integers - same.integers).toBe(15 * 64)
  })

  test('barriers are counted by warps', () => {
    const body = ir.for_('round', 0, 3, 1, () => ir.barrier)
    expect([16, 32, 64].map((width) => counted(kernelOf(body), width).barriers)).toEqual([12, 6, 3])
  })

  test('registers are the numbers alive at once, and a few more', () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      ir.let_(`many${index}`, ir.load(source, ir.add(number, index))),
    )
    const inTurn = many.flatMap((one, index) => [one, ir.store(target, ir.add(number, index), ir.ref(one))])
    const atOnce = [
      ...many,
      ...many.map((one, index) => ir.store(target, ir.add(number, index), ir.ref(one))),
    ]
    expect(registersOf(kernelOf(atOnce)) - registersOf(kernelOf(inTurn))).toBe(39)
  })
})
