// The gradients of every spec, made small, on every backend in Node.js, against their equations in float64, which
// `equations.test.ts` holds to the reference.
import { describe, expect, test } from 'vitest'
import { drawProjection } from '../../runtime/projection/index.ts'
import { createAttention } from '../../runtime/index.ts'
import { backward, underivable } from '../../compiler/schedule/build.ts'
import { verify } from '../../compiler/schedule/verify.ts'
import { weightsOf } from '../../compiler/verification/cases/weights.ts'
import { evaluateEquations } from '../../compiler/verification/execution/run-equations.ts'
import { once } from '../numeric/agree.ts'
import { compileOne, full, normals, tensors } from '../numeric/harness.ts'
import { sized, specs } from '../numeric/small-specs.ts'
import { deviceNames, everyDevice, testDevice } from '../setup/test-devices.ts'
import type { Backend } from '../../runtime/index.ts'

/** Fewer projections: the equations are interpreted cell by cell. */
const small = (name: string): string => sized(name).replace(/projections: 266/, 'projections: 34')

/** Its kernels take long to compile on software devices, on which `golden.test.ts` has others. */
const onWebgpu = new Set(everyDevice ? specs : ['proxyformer'])

const backendsOf = (name: string): readonly Backend[] =>
  onWebgpu.has(name) ? ['webgpu', 'wasm', 'gpujs'] : ['wasm', 'gpujs']

/** Where rounding is magnified on the way: estimates whose denominator nears 0, and steps of an inverse. */
const looser: Readonly<Record<string, number>> = {
  cosformer: 2e-5,
  performer_trigonometric: 1e-4,
  nystromformer: 1e-4,
  proxyformer: 1e-4,
}

const relativeError = (found: ArrayLike<number>, expected: ArrayLike<number>): number => {
  let [gap, size] = [0, 0]
  for (let n = 0; n < expected.length; n++) {
    gap += ((found[n] ?? Number.NaN) - (expected[n] ?? 0)) ** 2
    size += (expected[n] ?? 0) ** 2
  }
  return Math.sqrt(gap / size)
}

describe.each(specs.filter((name) => underivable(compileOne(small(name)).algebra) === undefined))(
  '%s',
  (name) => {
    const built = compileOne(small(name))
    const { values: weights, heads: fixed } = weightsOf(built.model)
    const heads = fixed ?? 2
    const sizes = { batch: 2, heads, kvHeads: fixed ?? 1, length: 35, lengths: [35, 20] }
    const { batch, kvHeads, length, keyLength } = full(sizes)
    const rows = tensors(built, sizes, 5, 0.5)
    const dout = normals(batch * heads * length * built.model.valueDim, 9)
    const call = { ...rows, dout, batch, heads, kvHeads, length, keyLength, lengths: sizes.lengths }
    const expected = once(() => {
      const { projections, dim } = built.model
      const projection = projections && drawProjection({ ...projections, rows: projections.count, dim })
      const schedule = backward(built.algebra)
      return (
        schedule &&
        evaluateEquations(verify(schedule), call, { ...weights, ...(projection && { projection }) })
      )
    })

    test.each(backendsOf(name))('on %s', async (backend) => {
      const device = backend === 'webgpu' ? { device: await testDevice(deviceNames[0] ?? '') } : {}
      const attention = await createAttention(built.program, { backend, weights, ...device })
      try {
        const found = await attention.backward(call)
        const equations = expected()
        const errors = Object.entries(found).flatMap(([of, gradient]) => {
          const error = relativeError(gradient, equations?.(of) ?? [])
          return error <= (looser[name] ?? 5e-6) ? [] : [`${of} is off by ${error}`]
        })
        expect(errors).toEqual([])
      } finally {
        attention.destroy()
      }
    })
  },
)
