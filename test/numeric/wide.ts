// Programs whose interest is in their arithmetic and not in how the device is made.
import { describe, expect, it } from 'vitest'
import type { Built } from '../../compiler/pipeline.ts'
import { deviceNames, everyDevice } from '../setup/test-devices.ts'
import { disagreements, once, patience, prepare } from './agree.ts'
import type { Conditions } from './agree.ts'
import { compileOne } from './harness.ts'
import type { Sizes } from './harness.ts'

export interface Subject extends Conditions {
  readonly spec: string
  readonly shapes: readonly Sizes[]
}

/**
 * One test for each subject. One device is enough for arithmetic, unless kernels use subgroups, whose size
 * and presence differ: those are held on all.
 */
export function holdOnDevice(subjects: Readonly<Record<string, Subject>>): void {
  const named = Object.entries(subjects).map(([name, { spec, shapes, ...conditions }]) => {
    const built = once(() => compileOne(spec))
    const cases = once(() => shapes.map((sizes) => prepare(built(), sizes, conditions)))
    return { name, built, cases }
  })
  for (const [place, device] of deviceNames.entries()) {
    const held = named.filter(({ built }) => place === 0 || everyDevice || usesSubgroups(built))
    if (held.length === 0) continue
    describe(`on ${device}`, () => {
      it.each(held.map(({ name, cases }) => [name, cases] as const))(
        '%s',
        { timeout: patience },
        async (_, cases) => expect(await disagreements(device, cases())).toEqual([]),
      )
    })
  }
}

/** What cannot be compiled fails where it is run. */
function usesSubgroups(built: () => Built): boolean {
  try {
    return Object.values(built().program.kernels).some(({ code }) => code.includes('subgroup'))
  } catch {
    return false
  }
}
