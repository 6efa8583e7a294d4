// Runs a program on shapes, guarded and poisoned, and holds it to the reference.
import type { Built } from '../../compiler/pipeline.ts'
import { testDevice } from '../setup/test-devices.ts'
import { disagreement } from './compare.ts'
import { guardedForward } from './guarded.ts'
import { expected, onDevice, tensors } from './harness.ts'
import type { Sizes, Tensors } from './harness.ts'
import { interpreted } from './interpreted.ts'

export interface Conditions {
  /** Of the entries of q and k. */
  readonly deviation?: number
  /** Instead of the suite's own; see `compare.ts`. */
  readonly rms?: number
  /** The caller's own matrix [projections, dim]. */
  readonly projection?: Float32Array<ArrayBuffer>
}

export interface Case extends Conditions {
  readonly built: Built
  readonly sizes: Sizes
  readonly inputs: Tensors
  readonly wanted: Float64Array
  readonly emulated: Float32Array
}

/** What a call should give; computed once, to be held against every device. */
export function prepare(built: Built, sizes: Sizes, conditions: Conditions = {}): Case {
  const { deviation = 1, projection } = conditions
  const inputs = tensors(built, sizes, 11, deviation)
  return {
    ...conditions,
    built,
    sizes,
    inputs,
    wanted: expected(built, sizes, inputs, projection),
    emulated: interpreted(built, sizes, inputs, {}, undefined, projection).out,
  }
}

/** What is wrong with the calls of one program on one device, each with its shape. */
export async function disagreements(name: string, cases: readonly Case[]): Promise<string[]> {
  const [first] = cases
  if (first === undefined) throw new Error('there is nothing to compare')
  const device = await testDevice(name)
  const attention = await onDevice(first.built, device, first.projection)
  const wrong: string[] = []
  for (const one of cases) {
    const found = await guardedForward(attention, device, one.sizes, one.inputs)
    const { valueDim } = one.built.model
    const problem = disagreement({ ...one, found, valueDim })
    if (problem !== '') wrong.push(`${JSON.stringify(one.sizes)}: ${problem}`)
  }
  attention.destroy()
  return wrong
}

/** Made when first asked for, and kept: several devices are held to one reference. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
