// ONNX Runtime's WebGPU provider for Node.js, with a Dawn of its own: onnxruntime-node takes no device from outside,
// so what the two share is the physical one. It reads the Vulkan driver from the environment when it starts.
import { linearAttentionModel, uploadModel } from '../onnx/models.mjs'
import { packed } from '../tensors.mjs'

/** @typedef {import('../tensors.mjs').Sizes} Sizes */

/**
 * The part of onnxruntime-node's interface that is used here; its types come only with its installation.
 * @typedef {object} Runtime
 * @property {{ create: (model: Uint8Array, options: object) => Promise<Session> }} InferenceSession
 * @property {{ readonly wasm: { numThreads?: number } }} [env] of the package for browsers
 * @property {new (type: 'float32', data: Float32Array, shape: readonly number[]) => RuntimeTensor} Tensor
 */

/**
 * @typedef {object} Session
 * @property {(inputs: Record<string, RuntimeTensor>) => Promise<Record<string, RuntimeTensor>>} run
 * @property {() => Promise<void>} release
 */

/**
 * @typedef {object} RuntimeTensor
 * @property {Float32Array} data
 * @property {() => void} dispose
 */

/**
 * @param {Runtime} runtime
 * @param {Sizes} sizes
 * @param {Record<'q' | 'k' | 'v', Float32Array>} tensors [heads, length, dim]
 * @returns {Promise<import('./contestant.mjs').Contestant>}
 */
export async function onnxRuntimeContestant(runtime, sizes, tensors) {
  const { heads, length, dim } = sizes
  const { q, k, v } = tensors
  const arrays = { q: packed(q, sizes), k: packed(k, sizes), v: packed(v, sizes) }
  /** @param {Float32Array} data */
  const tensor = (data) => new runtime.Tensor('float32', data, [1, length, heads * dim])
  const feeds = () => ({ q: tensor(arrays.q), k: tensor(arrays.k), v: tensor(arrays.v) })

  const model = linearAttentionModel(heads)
  const toArrays = await open(runtime, model, 'cpu')
  const staying = await open(runtime, model, 'gpu-buffer')
  const upload = await open(runtime, uploadModel(), 'gpu-buffer')
  const uploaded = await upload.run(feeds())
  const lying = { q: uploadedTensor('q'), k: uploadedTensor('k'), v: uploadedTensor('v') }

  /** @param {string} name */
  function uploadedTensor(name) {
    const found = uploaded[`${name}_on_device`]
    if (found === undefined) throw new Error(`ONNX Runtime did not return ${name}`)
    return found
  }

  /** @param {Record<string, RuntimeTensor>} inputs */
  const call = async (inputs) => outputOf(await toArrays.run(inputs)).data

  return {
    name: 'ONNX Runtime',
    width: dim,
    expected: unnormalized(arrays, sizes),
    fromArrays: () => call(feeds()),
    async onDevice(calls) {
      for (let before = 1; before < calls; before++) outputOf(await staying.run(lying)).dispose()
      // Its tensors cannot be read back later on (1.30 aborts), so the last call returns an array.
      return call(lying)
    },
    async destroy() {
      for (const one of Object.values(lying)) one.dispose()
      for (const session of [toArrays, staying, upload]) await session.release()
    },
  }
}

/** @param {Record<string, RuntimeTensor>} outputs */
function outputOf({ out }) {
  if (out === undefined) throw new Error('ONNX Runtime returned no output')
  return out
}

/**
 * @param {Runtime} runtime
 * @param {Uint8Array} model
 * @param {'cpu' | 'gpu-buffer'} preferredOutputLocation
 */
function open(runtime, model, preferredOutputLocation) {
  return runtime.InferenceSession.create(model, {
    executionProviders: ['webgpu'],
    preferredOutputLocation,
    // Without it the CPU steps in silently where WebGPU is not to be had.
    extra: { session: { disable_cpu_ep_fallback: '1' } },
  })
}

/**
 * Σ_{j ≤ i} (q_i · k_j) v_j in float64, by the state Σ k_j v_jᵀ.
 * @param {Record<'q' | 'k' | 'v', Float32Array>} tensors packed
 * @param {Sizes} sizes
 */
function unnormalized({ q, k, v }, { heads, length, dim }) {
  const out = new Float64Array(q.length)
  for (let head = 0; head < heads; head++) {
    const state = new Float64Array(dim * dim)
    for (let row = 0; row < length; row++) {
      const start = (row * heads + head) * dim
      for (let feature = 0; feature < dim; feature++) {
        const key = k[start + feature] ?? NaN
        const query = q[start + feature] ?? NaN
        for (let column = 0; column < dim; column++) {
          const sum = (state[feature * dim + column] ?? NaN) + key * (v[start + column] ?? NaN)
          state[feature * dim + column] = sum
          out[start + column] = (out[start + column] ?? NaN) + query * sum
        }
      }
    }
  }
  return out
}
