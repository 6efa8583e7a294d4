// What is expected of devices: that the right unit is named, and that sizes of calls tell.
import { describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import { type Expectation, expect as expectOf } from '../../compiler/cost/bounds.ts'
import { type DeviceName, devices, peakOf } from '../../compiler/cost/device.ts'
import { countDispatch } from '../../compiler/cost/dispatch.ts'
import type { Kernel } from '../../compiler/kernel/kernel.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { shapeOf } from '../kernel/shape.ts'
import { copyFrom, kernelOf, number, source, target } from './kernels.ts'

const names = Object.keys(devices) as DeviceName[]

function expected(kernel: Kernel, chunks: number, device: DeviceName, flops = 0): Expectation {
  const shape = shapeOf({ chunks })
  const situation = {
    shape,
    width: devices[device].width,
    sizeOf: () => chunks * 64,
    contentsOf: () => () => 1,
  }
  return expectOf(countDispatch(verify(kernel), situation, 1), devices[device], flops)
}

test.each([
  ['h200', 66.9],
  ['rtx4090', 82.6],
  ['rtx4060laptop', 14.6],
  ['m2', 3.58],
  ['adreno740', 2.09],
] as const)('the peak of %s is what is published, %d TFLOP/s', (name, peak) => {
  expect(peakOf(devices[name])).toBeCloseTo(peak, 1)
})

describe.each(names)('%s', (device) => {
  test('a long copy is as long as memory takes', () => {
    const { limit, ofBandwidth, time } = expected(copyFrom(number), 1 << 16, device)
    expect(limit).toBe('memory')
    expect(ofBandwidth).toBeCloseTo(1, 6)
    expect(time).toBeCloseTo((2 * 4 * (1 << 22)) / (devices[device].bandwidth * 1e9), 9)
  })

  test('rows that each lane reads for itself are limited by what loads lines', () => {
    const sum = ir.var_('sum', ir.f32(0))
    const row = ir.for_('column', 0, 64, 1, (column) =>
      ir.assign(ir.ref(sum), ir.add(ir.ref(sum), ir.load(source, ir.add(ir.mul(number, 64), column)))),
    )
    const { limit } = expected(kernelOf([sum, row, ir.store(target, number, ir.ref(sum))]), 1 << 12, device)
    expect(limit).toBe('load unit')
  })

  test('a single workgroup leaves the device idle', () => {
    const { limit, occupancy } = expected(copyFrom(number), 1, device)
    expect(limit).toBe('latency')
    expect(occupancy).toBeLessThan(0.1)
  })

  test('multiply-adds in registers come near to the peak', () => {
    const [x, y] = [ir.let_('x', ir.load(source, number)), ir.let_('y', ir.load(source, number))]
    const sums = Array.from({ length: 8 }, (_, index) => ir.var_(`sum_${index}`, ir.f32(0)))
    const body = [
      x,
      y,
      sums,
      ir.for_('round', 0, 512, 1, () =>
        Array.from({ length: 8 }, () =>
          sums.map((sum) => ir.assign(ir.ref(sum), ir.add(ir.ref(sum), ir.mul(ir.ref(x), ir.ref(y))))),
        ),
      ),
      sums.map((sum) => ir.store(target, number, ir.ref(sum))),
    ]
    const chunks = 1 << 12
    const { ofPeak } = expected(kernelOf(body), chunks, device, 2 * chunks * 64 * 512 * 64)
    expect(ofPeak).toBeGreaterThan(0.9)
    expect(ofPeak).toBeLessThanOrEqual(1)
  })
})
