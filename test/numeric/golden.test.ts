// The published implementations' tensors, on every device.
import { describe, expect, it } from 'vitest'
import { deviceNames, testDevice } from '../setup/test-devices.ts'
import { goldenCases } from './golden/cases.ts'
import { compileOne, forward, onDevice, relativeError } from './harness.ts'

const cases = goldenCases()

describe.each(deviceNames)('on %s', (name) => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const built = compileOne(one.spec)
    const attention = await onDevice(
      built,
      await testDevice(name),
      one.projection,
      one.conv && { conv: one.conv },
    )
    const sizes = {
      batch: one.batch,
      heads: one.heads,
      kvHeads: one.kvHeads,
      length: one.length,
      keyLength: one.keyLength,
      ...(one.lengths === undefined ? {} : { lengths: [...one.lengths] }),
    }
    const out = await forward(attention, sizes, one)
    attention.destroy()
    expect(relativeError(out, one.output)).toBeLessThan(one.tolerance)
  })
})
