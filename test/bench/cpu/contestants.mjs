// Those who compute on the processor: attnc's kernels for WebAssembly, and ONNX Runtime as a library and as WebAssembly.
import { packed } from '../tensors.mjs'

/** @typedef {import('./mechanisms.mjs').Mechanism} Mechanism */
/** @typedef {import('./expected.mjs').Tensors} Tensors */
/** @typedef {import('../tensors.mjs').Sizes} Sizes */
/** @typedef {import('../contestants/onnxruntime.mjs').Runtime} Runtime */

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {(rows: readonly number[]) => Float64Array} expected [heads, rows, dim]
 * @property {() => Promise<Float32Array>} call arrays to an array
 * @property {(out: Float32Array, rows: readonly number[]) => Float32Array} pick [heads, rows, dim] of its layout
 * @property {() => void | Promise<void>} destroy
 */

/**
 * @typedef {object} Toolchain
 * @property {typeof import('../../../compiler/index.ts').compile} compile
 * @property {typeof import('../../../runtime/index.ts').createAttention} createAttention
 */

/**
 * @param {Toolchain} toolchain
 * @param {Mechanism} mechanism
 * @param {Sizes} sizes
 * @param {Tensors} tensors
 * @param {number} threads
 * @returns {Promise<Contestant>}
 */
export async function attncOnWasm({ compile, createAttention }, mechanism, sizes, tensors, threads) {
  const [module] = compile(mechanism.spec, { target: 'wasm' }).modules
  if (module === undefined) throw new Error(`${mechanism.name} does not compile for wasm`)
  const attention = await createAttention(module.program, { backend: 'wasm', threads })
  const { heads, length, dim } = sizes
  const { q, k, v } = tensors
  return {
    name: 'attnc',
    expected: (rows) => mechanism.expected(tensors, sizes, rows, attention.projection),
    call: () => attention.forward({ q, k, v, length, heads }),
    pick: (out, rows) =>
      picked(heads, rows, dim, (head, row) =>
        out.subarray((head * length + row) * dim, (head * length + row + 1) * dim),
      ),
    destroy: () => attention.destroy(),
  }
}

/**
 * @param {Runtime} runtime
 * @param {string} name
 * @param {object} options of the session
 * @param {NonNullable<Mechanism['onnx']>} peer
 * @param {Sizes} sizes
 * @param {Tensors} tensors
 * @returns {Promise<Contestant>}
 */
export async function onnxRuntime(runtime, name, options, { model, expected }, sizes, tensors) {
  const { heads, length, dim } = sizes
  const session = await runtime.InferenceSession.create(model(heads), options)
  const arrays = { q: packed(tensors.q, sizes), k: packed(tensors.k, sizes), v: packed(tensors.v, sizes) }
  /** @param {Float32Array} data */
  const tensor = (data) => new runtime.Tensor('float32', data, [1, length, heads * dim])
  return {
    name,
    expected: (rows) => expected(tensors, sizes, rows),
    async call() {
      const { out } = await session.run({ q: tensor(arrays.q), k: tensor(arrays.k), v: tensor(arrays.v) })
      if (out === undefined) throw new Error('ONNX Runtime returned no output')
      return out.data
    },
    pick: (out, rows) =>
      picked(heads, rows, dim, (head, row) =>
        out.subarray((row * heads + head) * dim, (row * heads + head + 1) * dim),
      ),
    destroy: () => session.release(),
  }
}

/**
 * @param {number} heads
 * @param {readonly number[]} rows
 * @param {number} dim
 * @param {(head: number, row: number) => Float32Array} rowOf
 */
function picked(heads, rows, dim, rowOf) {
  const result = new Float32Array(heads * rows.length * dim)
  for (let head = 0; head < heads; head++)
    for (const [place, row] of rows.entries())
      result.set(rowOf(head, row), (head * rows.length + place) * dim)
  return result
}
