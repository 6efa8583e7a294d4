// Holds a device to the tensors that published implementations computed.
import { describe, expect, it } from 'vitest'
import { deviceNames, everyDevice, testDevice } from '../../setup/test-devices.ts'
import { compileOne, forward, onDevice, relativeError } from '../harness.ts'
import { goldenCases } from './cases.ts'
import type { GoldenCase } from './cases.ts'

/**
 * One test for each recording; skipped where the device is not to be had.
 *
 * @param names of the recordings that are enough, where there are too many for the device
 */
export function holdToRecordings(device: string, names?: readonly string[]): void {
  const cases = goldenCases()
  const unknown = names?.find((name) => !cases.some((one) => one.name === name))
  if (unknown !== undefined) throw new Error(`no recording is called ${unknown}`)
  const held = cases.filter(({ name }) => everyDevice || (names?.includes(name) ?? true))
  describe.skipIf(!deviceNames.includes(device))(`on ${device}`, () => {
    it.each(held.map((one) => [one.name, one] as const))('%s', async (_, one) =>
      expect(await errorOn(device, one)).toBeLessThan(one.tolerance),
    )
  })
}

/** The relative root-mean-square error of a device's result. */
async function errorOn(device: string, one: GoldenCase): Promise<number> {
  const { q, k, v, batch, heads, kvHeads, length, keyLength, lengths, projection, conv } = one
  const attention = await onDevice(
    compileOne(one.spec),
    await testDevice(device),
    projection,
    conv && { conv },
  )
  const sizes = { batch, heads, kvHeads, length, keyLength, ...(lengths && { lengths: [...lengths] }) }
  const out = await forward(attention, sizes, { q, k, v })
  attention.destroy()
  return relativeError(out, one.output)
}
