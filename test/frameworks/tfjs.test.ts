// Attentions as operations of TensorFlow.js, on its backend webgpu, with their gradients.
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reference, referenceGradients } from '../../compiler/index.ts'
import { registerAttention } from '../../runtime/backends/webgpu/hosts/tfjs.ts'
import type { TensorFlow, TensorInfo, TfjsAttention } from '../../runtime/backends/webgpu/hosts/tfjs.ts'
import { createAttention } from '../../runtime/index.ts'
import { nodeGpu } from '../../runtime/node-gpu.ts'
import { compileFor, expected, normals, relativeError } from '../numeric/harness.ts'
import { countTraffic } from '../runtime/device.ts'
import { deviceRequired, recordDevice, recordSkippedDevice } from '../setup/devices.ts'
import { install } from '../setup/packages.ts'
import { typeErrors } from './types.ts'

interface Tensor extends TensorInfo {
  data(): Promise<Float32Array>
  dispose(): void
}

/** What these tests call beside what an attention needs. */
interface Library extends TensorFlow {
  env(): { set(flag: string, value: boolean): void }
  setBackend(name: string): Promise<boolean>
  tensor(numbers: Float32Array, shape: readonly number[], dtype?: string): Tensor
  mul(one: Tensor, other: Tensor | number): Tensor
  grads(
    of: (...inputs: [Tensor, Tensor, Tensor]) => Tensor,
  ): (inputs: readonly Tensor[], dout: Tensor) => Tensor[]
  memory(): { numTensors: number; numBytesInGPU?: number }
}

const missing = install(import.meta.dirname, '@tensorflow/tfjs-core')
if (missing !== undefined) recordSkippedDevice('TensorFlow.js', missing)

const spec = 'attention a { dim: 6 feature: elu1 mask: causal }'
const sizes = { batch: 2, heads: 4, kvHeads: 2, length: 19, keyLength: 19 }
const shapes = { q: [2, 4, 19, 6], k: [2, 2, 19, 6], v: [2, 2, 19, 6], dout: [2, 4, 19, 6] }
const numbers = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], seed) => [
    name,
    normals(
      shape.reduce((a, b) => a * b),
      seed,
    ),
  ]),
) as Record<keyof typeof shapes, Float32Array<ArrayBuffer>>
const built = compileFor('webgpu', spec)
const module = { create: (options?: object) => createAttention(built.program, options) }

describe.skipIf(missing !== undefined && !deviceRequired)('an operation of TensorFlow.js', () => {
  let tf: Library
  let attend: TfjsAttention
  beforeAll(async () => {
    if (missing !== undefined) throw new Error(missing)
    const { gpu } = await nodeGpu({ software: 'only' })
    Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: '' }, configurable: true })
    const load = createRequire(import.meta.url)
    tf = load('@tensorflow/tfjs-core') as Library
    load('@tensorflow/tfjs-backend-webgpu')
    // Small tensors, too, are computed on the device.
    tf.env().set('WEBGPU_CPU_FORWARD', false)
    await tf.setBackend('webgpu')
    attend = await registerAttention(tf, module)
    recordDevice(`${attend.attention.device} (TensorFlow.js)`)
  })
  afterAll(() => attend?.dispose())

  const tensor = (name: keyof typeof shapes): Tensor => tf.tensor(numbers[name], shapes[name])
  test('its gradients are those of the reference, from tensors to tensors', async () => {
    const [q, k, v, dout] = [tensor('q'), tensor('k'), tensor('v'), tensor('dout')]
    const out = attend(q, k, v)
    expect(out.shape).toEqual(shapes.dout)
    expect(relativeError(await out.data(), expected(built, sizes, numbers))).toBeLessThan(1e-5)

    const wanted = referenceGradients(spec, 'a')({ ...numbers, ...sizes })
    // Inputs that TensorFlow computed, and that no array on the host has.
    const inputs = [tf.mul(q, 1), tf.mul(k, 1), tf.mul(v, 1)]
    const [cotangents] = [tf.mul(dout, 1), await dout.data()]
    const gradients = tf.grads(attend)
    const before = tf.memory()
    const [mapped, written] = countTraffic(attend.attention.gpuDevice!)
    const found = gradients(inputs, cotangents)
    // The sizes of kernels, and which rows count.
    expect(written.bytes).toBeLessThan(1500)
    expect(mapped.count).toBe(0)
    const [dq, dk, dv] = await Promise.all(found.map((one) => one.data()))
    expect(relativeError(dq!, wanted.dq)).toBeLessThan(1e-5)
    expect(relativeError(dk!, wanted.dk)).toBeLessThan(1e-5)
    expect(relativeError(dv!, wanted.dv)).toBeLessThan(1e-5)
    for (const one of found) one.dispose()
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytesInGPU: before.numBytesInGPU })
  })

  test('rows that do not count have no part in it', async () => {
    const counts = { lengths: [19, 7], queryLengths: [19, 12] }
    const inputs = [tensor('q'), tensor('k'), tensor('v')]
    const out = attend(inputs[0]!, inputs[1]!, inputs[2]!, counts)
    const rows = expected(built, { ...sizes, ...counts }, numbers)
    expect(relativeError(await out.data(), rows)).toBeLessThan(1e-5)
    const found = tf.grads((q: Tensor, k: Tensor, v: Tensor) => attend(q, k, v, counts))(
      inputs,
      tensor('dout'),
    )
    const wanted = referenceGradients(spec, 'a')({ ...numbers, ...sizes, ...counts })
    for (const [n, name] of (['dq', 'dk', 'dv'] as const).entries())
      expect(relativeError(await found[n]!.data(), wanted[name])).toBeLessThan(1e-5)
    expect(() => attend(inputs[0]!, inputs[1]!, inputs[2]!, { lengths: [3] })).toThrow(
      'a: lengths needs one number per batch item, 2; it has 1',
    )
  })

  test('gradients flow on through what comes before it', async () => {
    const same = { batch: 1, heads: 2, kvHeads: 2, length: 9, keyLength: 9 }
    const [x, dout] = [normals(108, 5), normals(108, 6)]
    const at = (of: Float32Array): Tensor => tf.tensor(of, [1, 2, 9, 6])
    const gradient = tf.grads((x: Tensor) => attend(x, attend(x, x, x), x))
    const [dx] = gradient([at(x)], at(dout))
    const gradients = referenceGradients(spec, 'a')
    const inner = Float32Array.from(reference(spec, 'a')({ q: x, k: x, v: x, ...same }))
    const outer = gradients({ q: x, k: inner, v: x, dout, ...same })
    const before = gradients({ q: x, k: x, v: x, dout: Float32Array.from(outer.dk), ...same })
    const wanted = outer.dq.map((of, n) => of + outer.dv[n]! + before.dq[n]! + before.dk[n]! + before.dv[n]!)
    expect(relativeError(await dx!.data(), wanted)).toBeLessThan(1e-5)
  })

  test('tensors of another shape or type are refused, as are options that it does not take', async () => {
    const [q, k, v] = [tensor('q'), tensor('k'), tensor('v')]
    expect(() => attend(q, k, q)).toThrow(
      'a: v must be float32 of the shape [2, 2, 19, 6]; it is float32 [2, 4, 19, 6]',
    )
    expect(() => attend(tf.tensor(numbers.q, shapes.q, 'int32'), k, v)).toThrow(
      /q must be float32 .*; it is int32/,
    )
    await expect(registerAttention(tf, module, { storage: 'f16' } as never)).rejects.toThrow(
      /does not know 'storage'/,
    )
  })

  test('another backend of TensorFlow.js is refused, with what to do', async () => {
    const other = { ...tf, getBackend: () => 'cpu' }
    await expect(registerAttention(other, module)).rejects.toMatchObject({
      name: 'AttentionError',
      code: 'backend',
    })
    await expect(registerAttention(other, module)).rejects.toThrow(/setBackend\('webgpu'\)/)
    const older = { ...tf, backend: () => ({}) }
    await expect(registerAttention(older, module)).rejects.toThrow(
      /has no makeTensorInfo, as version 4\.22 has/,
    )
  })

  test('its types are those of the library', () => {
    const program = `import * as tf from '@tensorflow/tfjs-core'
      import { registerAttention } from '../../runtime/backends/webgpu/hosts/tfjs.ts'
      import type { AttentionModule } from '../../runtime/backends/webgpu/hosts/tfjs.ts'
      export async function train(module: AttentionModule, q: tf.Tensor4D): Promise<tf.Tensor4D> {
        const attend = await registerAttention(tf, module)
        return attend(q, q, q)
      }`
    expect(typeErrors('typed-tfjs', program)).toBe('')
  })
})
