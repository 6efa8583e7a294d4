// Gradients of the projection and of weights, in calls: every backend in Node.js against the float64 reference.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { referenceGradients } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import { together } from '../../runtime/backends/gpujs/parts.ts'
import type { Attention, Program } from '../../runtime/index.ts'
import { compileFor, normals, relativeError } from '../numeric/harness.ts'
import { bufferWith, contentsOf, testDevice } from './device.ts'

let device: GPUDevice
beforeAll(async () => {
  device = await testDevice()
})
afterAll(() => device.destroy())

const performer = `
  feature mine(x, w) = exp(dot(w, x) - dot(x, x) / 2)
  attention a { dim: 6 value_dim: 5 feature: mine projections: 7 iid seed 2 mask: causal }`
const landmarks =
  'attention a { dim: 6 value_dim: 5 kernel: exp(dot(q, k)) landmarks: 4 learned pinv: 2 conv: 3 }'
const pooled = 'attention a { dim: 6 value_dim: 5 kernel: exp(dot(q, k)) compress: 4 learned }'

type Given = Readonly<Record<string, Float32Array>>

interface Subject {
  readonly text: string
  readonly wrt: readonly ('projection' | 'weights')[]
  readonly weights?: Given
  readonly kvHeads: number
  /** WebGPU on a processor takes long to compile kernels; `test/backward/specs.test.ts` has landmarks there. */
  readonly backends: readonly Program['target'][]
}

const subjects: Record<string, Subject> = {
  'a projection': { text: performer, wrt: ['projection'], kvHeads: 1, backends: ['webgpu', 'wasm', 'gpujs'] },
  'landmarks that serve twice': {
    text: landmarks,
    wrt: ['weights'],
    weights: { landmarks: normals(2 * 4 * 6, 60), conv: normals(2 * 3, 61) },
    kvHeads: 1,
    backends: ['wasm', 'gpujs'],
  },
  'two sets of landmarks': {
    text: landmarks,
    wrt: ['weights'],
    weights: {
      landmarks: normals(2 * 4 * 6, 60),
      queryLandmarks: normals(2 * 4 * 6, 62),
      conv: normals(2 * 3, 61),
    },
    kvHeads: 2,
    backends: ['wasm'],
  },
  'weights of pooling, for more rows': {
    text: pooled,
    wrt: ['weights'],
    weights: { compressKeys: normals(2 * 4 * 50, 63, 0.2) },
    kvHeads: 1,
    backends: ['wasm', 'gpujs'],
  },
}

const [batch, heads, length, keyLength] = [2, 2, 37, 41]
const lengths = [41, 23]

const callOf = ({ kvHeads }: Subject) => ({
  q: normals(batch * heads * length * 6, 1, 0.5),
  k: normals(batch * kvHeads * keyLength * 6, 2, 0.5),
  v: normals(batch * kvHeads * keyLength * 5, 3),
  dout: normals(batch * heads * length * 5, 4),
  batch,
  heads,
  kvHeads,
  length,
  keyLength,
  lengths,
})

/** The gradients by parameters, and dq, by name. */
const named = (found: {
  readonly dq: ArrayLike<number>
  readonly dprojection?: ArrayLike<number> | undefined
  readonly dweights?: Readonly<Record<string, ArrayLike<number>>> | undefined
}): Record<string, ArrayLike<number>> => ({
  dq: found.dq,
  ...(found.dprojection && { dprojection: found.dprojection }),
  ...found.dweights,
})

function truthOf(subject: Subject, projection: Float32Array | undefined): Record<string, ArrayLike<number>> {
  const { text, weights, wrt } = subject
  const inputs = { ...callOf(subject), ...weights, ...(projection && { projection }), wrt }
  return named(referenceGradients(text, 'a')(inputs))
}

/** What is off, in words. */
function offTruth(
  found: Record<string, ArrayLike<number>>,
  truth: Record<string, ArrayLike<number>>,
): string[] {
  return [...new Set([...Object.keys(found), ...Object.keys(truth)])].flatMap((name) => {
    const [own, of] = [found[name], truth[name]]
    if (own === undefined || of === undefined) return [`${name} is on one side alone`]
    if (own.length !== of.length) return [`${name} has ${own.length} numbers, and not ${of.length}`]
    const error = relativeError(own, of)
    return error < 1e-4 ? [] : [`${name} is off by ${error}`]
  })
}

/** An attention of a subject on a backend. */
const opened = async (subject: Subject, backend: Program['target']): Promise<Attention> =>
  createAttention(compileFor(backend, subject.text).program, {
    ...(subject.weights && { weights: subject.weights }),
    ...(backend === 'webgpu' && { device }),
    backend,
  })

describe.each(Object.entries(subjects))('of %s', (_, subject) => {
  test.each(subject.backends)('on %s', async (backend) => {
    using attention = await opened(subject, backend)
    const { wrt } = subject
    const found = await attention.backward({ ...callOf(subject), wrt })
    expect(offTruth(named(found), truthOf(subject, attention.projection))).toEqual([])
  })
})

describe('of the projection, with buffers', () => {
  const subject = subjects['a projection']!
  const call = callOf(subject)
  const { q, k, v, dout, ...sizes } = call
  const { lengths: counted, ...shape } = sizes
  const onDevice = () => ({
    q: bufferWith(device, q),
    k: bufferWith(device, k),
    v: bufferWith(device, v),
    dout: bufferWith(device, dout),
    lengths: bufferWith(device, new Uint32Array(counted)),
  })
  const results = () => ({
    dq: bufferWith(device, q),
    dk: bufferWith(device, k),
    dv: bufferWith(device, v),
    dprojection: bufferWith(device, new Float32Array(7 * 6).fill(5)),
  })

  test('come in the buffers of the caller, and are recorded where there is one for them', async () => {
    using attention = await opened(subject, 'webgpu')
    const encoder = device.createCommandEncoder()
    const recorded = results()
    const record = () => attention.encodeBackward(encoder, { ...onDevice(), ...recorded }, shape)
    await attention.prepareBackward()
    expect(record).toThrow(/a\.encodeBackward: await prepareBackward\({ wrt: \['projection'\] }\) first/)
    await attention.prepareBackward({ wrt: ['projection'] })
    record()
    device.queue.submit([encoder.finish()])
    const own = results()
    const given = await attention.backward({ ...onDevice(), ...shape, ...own, wrt: ['projection'] })
    expect(given).toEqual(own)
    const truth = truthOf(subject, attention.projection)
    for (const { dq, dprojection } of [recorded, own])
      expect(
        offTruth(
          {
            dq: await contentsOf(device, dq, q.length),
            dprojection: await contentsOf(device, dprojection, 7 * 6),
          },
          truth,
        ),
      ).toEqual([])
  })

  test('of the matrix in use, also after it is drawn anew and where a fast transform draws it', async () => {
    const hadamard = { ...subject, text: performer.replace('7 iid', '7 hadamard') }
    using attention = await opened(hadamard, 'wasm')
    const before = await attention.backward({ ...call, wrt: ['projection'] })
    expect(offTruth(named(before), truthOf(hadamard, attention.projection))).toEqual([])
    attention.redraw(9)
    const after = await attention.backward({ ...call, wrt: ['projection'] })
    expect(offTruth(named(after), truthOf(hadamard, attention.projection))).toEqual([])
  })

  test('what is wrong with a call is said', async () => {
    using attention = await opened(subject, 'webgpu')
    const refused = async (more: object, message: RegExp): Promise<void> =>
      expect(attention.backward({ ...onDevice(), ...shape, ...more })).rejects.toThrow(message)
    const { dprojection } = results()
    await refused({ dprojection }, /dprojection goes with wrt: \['projection'\]/)
    await refused(
      { wrt: ['projection'], dprojection: bufferWith(device, new Float32Array(41)) },
      /dprojection is like the projection: it needs 168 bytes, 4 × 42; the buffer has 164/,
    )
    await refused({ wrt: ['projection'], dprojection: q }, /dprojection must be a GPUBuffer/)
    const one = bufferWith(device, call.q)
    await refused({ wrt: ['projection'], dprojection: one, dq: one }, /must be another buffer than/)
    await refused(
      { wrt: ['weights'] },
      /wrt: \['weights'\] has no gradient here; there are those of q, k, v, projection\. Leave it out/,
    )
    await expect(attention.prepareBackward({ wrt: ['weights'] })).rejects.toMatchObject({ code: 'form' })
    await expect(attention.backward({ ...call, wrt: ['projection'], dprojection })).rejects.toThrow(
      /dprojection goes with GPUBuffer tensors/,
    )
  })
})

test('weights of pooling for different numbers of rows, and unknown ones, are refused', async () => {
  const subject = subjects['weights of pooling, for more rows']!
  const weights = { ...subject.weights, compressValues: normals(2 * 4 * 44, 64, 0.2) }
  using attention = await opened({ ...subject, weights }, 'wasm')
  const call = callOf(subject)
  await expect(attention.backward({ ...call, wrt: ['weights'] })).rejects.toThrow(
    /needs weights for as many key rows each; they are for 50 and 44/,
  )
  const dweights = { conv: null as unknown as GPUBuffer }
  await expect(attention.backward({ ...call, wrt: ['weights'], dweights })).rejects.toThrow(
    /a\.backward: dweights does not know 'conv'\. It takes compressKeys, compressValues/,
  )
})

test('the parts that slices have of a gradient are added on gpu.js', async () => {
  const part = (first: number, dq: number[], dprojection: number[]) => ({
    heads: { first, size: 1 },
    rows: { first: 0, size: 1 },
    outputs: Promise.resolve(
      new Map([
        ['dq', new Float32Array(dq)],
        ['dprojection', new Float32Array(dprojection)],
      ]),
    ),
  })
  const sizes = { batch: 2, heads: 1, kvHeads: 1, length: 1, keyLength: 1, offset: 0, capacity: 1 }
  const whole = await together(
    sizes,
    [part(0, [1], [1, 2]), part(1, [3], [10, 20])],
    new Set(['dprojection']),
  )
  expect(Object.fromEntries(whole)).toEqual({
    dq: new Float32Array([1, 3]),
    dprojection: new Float32Array([11, 22]),
  })
})
