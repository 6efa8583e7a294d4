// The gradients of every spec, made small, on every backend in Node.js, against the float64 reference.
import { describe, expect, test } from 'vitest'
import { drawProjection } from '../../runtime/projection/index.ts'
import { createAttention } from '../../runtime/index.ts'
import { referenceGradients } from '../../compiler/reference/gradient/gradients.ts'
import { weightsOf } from '../../compiler/verification/cases/weights.ts'
import { once } from '../numeric/agree.ts'
import { compileOne, full, normals, relativeError, tensors } from '../numeric/harness.ts'
import { derivable, sized, specs } from '../numeric/small-specs.ts'
import { deviceNames, everyDevice, testDevice } from '../setup/test-devices.ts'
import type { Backend } from '../../runtime/index.ts'

/** Fewer projections: the reference takes row by row. */
const small = (name: string): string => sized(name).replace(/projections: 266/, 'projections: 34')

/** Its kernels take long to compile on software devices, on which `golden.test.ts` has others. */
const onWebgpu = new Set(everyDevice ? specs : ['proxyformer'])

/** No cell sorts rows by a hash. */
const notInCells: ReadonlySet<string> = new Set(['reformer'])

const backendsOf = (name: string): readonly Backend[] => [
  ...(onWebgpu.has(name) ? ['webgpu' as const] : []),
  'wasm',
  ...(notInCells.has(name) ? [] : ['gpujs' as const]),
]

/** Where rounding is magnified on the way: estimates whose denominator nears 0, and steps of an inverse. */
const looser: Readonly<Record<string, number>> = {
  cosformer: 2e-5,
  performer_trigonometric: 1e-4,
  nystromformer: 1e-4,
  proxyformer: 1e-4,
}

interface Found {
  readonly dq: ArrayLike<number>
  readonly dk: ArrayLike<number>
  readonly dv: ArrayLike<number>
  readonly dprojection?: ArrayLike<number> | undefined
  readonly dweights?: Readonly<Record<string, ArrayLike<number>>> | undefined
}

/** All gradients by name, those of weights side by side with the others. */
const resultsOf = ({ dweights, ...others }: Found): Record<string, ArrayLike<number>> =>
  Object.fromEntries(
    Object.entries({ ...others, ...dweights }).flatMap(([name, of]) =>
      of === undefined ? [] : [[name, of]],
    ),
  )

const all = new Map(derivable.map((name) => [name, compileOne(small(name))]))
test('every spec has gradients but those whose rows are mapped, or change a state in order', () => {
  expect(specs.filter((name) => !derivable.includes(name))).toEqual([
    'alibi',
    'document_mask',
    'fox',
    'gated_deltanet',
    'gdn2',
    'gemma',
    'gla',
    'gpt_oss',
    'kda',
    'lightning',
    'mamba2',
    'rope_softmax',
    'rwkv7',
    't5',
  ])
})

describe.each([...all])('%s', (name, built) => {
  const { model, program } = built
  const { values: weights, heads: fixed } = weightsOf(model)
  const wrt = [
    ...(model.projections ? (['projection'] as const) : []),
    ...(fixed === undefined ? [] : (['weights'] as const)),
  ]
  const heads = fixed ?? 2
  const sizes = { batch: 2, heads, kvHeads: fixed ?? 1, length: 35, lengths: [35, 20] }
  const { batch, kvHeads, length, keyLength } = full(sizes)
  const rows = tensors(built, sizes, 5, 0.5)
  const dout = normals(batch * heads * length * model.valueDim, 9)
  const call = { ...rows, dout, batch, heads, kvHeads, length, keyLength, lengths: sizes.lengths }
  const expected = once(() => {
    const { projections, dim } = model
    const projection = projections && drawProjection({ ...projections, rows: projections.count, dim })
    return resultsOf(
      referenceGradients(model, { ...call, ...weights, ...(projection && { projection }), wrt }),
    )
  })

  test.each(backendsOf(name))('on %s', async (backend) => {
    const device = backend === 'webgpu' ? { device: await testDevice(deviceNames[0] ?? '') } : {}
    const attention = await createAttention(program, { backend, weights, ...device })
    try {
      const found = resultsOf(await attention.backward({ ...call, wrt }))
      expect(Object.keys(found).sort()).toEqual(Object.keys(expected()).sort())
      const errors = Object.entries(expected()).flatMap(([of, truth]) => {
        const error = relativeError(found[of] ?? [], truth)
        return error <= (looser[name] ?? 5e-6) ? [] : [`${of} is off by ${error}`]
      })
      expect(errors).toEqual([])
    } finally {
      attention.destroy()
    }
  })
})
