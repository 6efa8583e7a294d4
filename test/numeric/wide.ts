// Programs whose interest is in their arithmetic and not in how the device is made.
import { describe, expect, it } from 'vitest'
import { enoughDevices } from '../setup/test-devices.ts'
import { disagreements, once, prepare } from './agree.ts'
import type { Conditions } from './agree.ts'
import { compileOne } from './harness.ts'
import type { Sizes } from './harness.ts'

export interface Subject extends Conditions {
  readonly spec: string
  readonly shapes: readonly Sizes[]
}

/** One test for each subject. One device is enough for arithmetic. */
export function holdOnDevice(subjects: Readonly<Record<string, Subject>>): void {
  const named = Object.entries(subjects).map(([name, { spec, shapes, ...conditions }]) => {
    const cases = once(() => {
      const built = compileOne(spec)
      return shapes.map((sizes) => prepare(built, sizes, conditions))
    })
    return [name, cases] as const
  })
  describe.each(enoughDevices)('on %s', (device) => {
    it.each(named)('%s', async (_, cases) => expect(await disagreements(device, cases())).toEqual([]))
  })
}
