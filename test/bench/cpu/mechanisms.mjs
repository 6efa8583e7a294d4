// What is compared: attentions of attnc, and what ONNX Runtime has in their place.
import { linearAttentionModel, multiHeadAttentionModel } from '../onnx/models.mjs'
import { exact, throughFeatures } from './expected.mjs'

/** @typedef {import('./expected.mjs').Tensors} Tensors */
/** @typedef {import('../tensors.mjs').Sizes} Sizes */

/**
 * @callback Expected
 * @param {Tensors} tensors
 * @param {Sizes} sizes
 * @param {readonly number[]} rows of each head
 * @param {Float32Array} [projection] [projections, dim], where attnc has drawn one
 * @returns {Float64Array} [heads, rows, dim]
 */

/**
 * @typedef {object} Mechanism
 * @property {string} name
 * @property {string} spec of one attention
 * @property {number} heads
 * @property {number} deviation of the entries of q and k
 * @property {(length: number) => number} flops of a head, the fewest that the definition takes
 * @property {Expected} expected
 * @property {{ readonly model: (heads: number) => Uint8Array, readonly expected: Expected }} [onnx]
 */

export const dim = 64
const projections = 256

/** @param {string} settings */
const attention = (settings) => `attention measured { dim: ${dim} ${settings} }`

const elu1 = (/** @type {Float32Array} */ x) =>
  Float64Array.from(x, (entry) => (entry > 0 ? entry + 1 : Math.exp(entry)))

/** @param {Float32Array} projection */
const favor = (projection) => (/** @type {Float32Array} */ x) => {
  const scaled = Float64Array.from(x, (entry) => entry * dim ** -0.25)
  const half = scaled.reduce((sum, entry) => sum + (entry * entry) / 2, 0)
  return Float64Array.from({ length: projection.length / dim }, (_, row) =>
    Math.exp(
      scaled.reduce((sum, entry, index) => sum + entry * (projection[row * dim + index] ?? NaN), -half),
    ),
  )
}

/** @param {boolean} causal */
const softmax = (causal) => {
  /** @type {Expected} */
  const expected = (tensors, sizes, rows) => exact(tensors, sizes, rows, causal)
  return {
    spec: attention(`scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) mask: ${causal ? 'causal' : 'none'}`),
    heads: 2,
    deviation: 1,
    flops: (/** @type {number} */ length) => (causal ? 2 : 4) * dim * length ** 2,
    expected,
    onnx: { model: (/** @type {number} */ heads) => multiHeadAttentionModel(heads, causal), expected },
  }
}

/** @type {readonly Mechanism[]} */
export const mechanisms = [
  {
    name: 'linear, elu + 1, causal',
    spec: attention('feature: elu1 mask: causal'),
    heads: 2,
    deviation: 1,
    flops: (length) => 4 * dim ** 2 * length,
    expected: (tensors, sizes, rows) => throughFeatures(tensors, sizes, rows, elu1, true),
    onnx: {
      model: linearAttentionModel,
      // Neither features nor a denominator.
      expected: (tensors, sizes, rows) =>
        throughFeatures(tensors, sizes, rows, (x) => Float64Array.from(x), false),
    },
  },
  { name: 'softmax, causal', ...softmax(true) },
  { name: 'softmax, full', ...softmax(false) },
  {
    name: `Performer, m = ${projections}, causal`,
    spec: attention(
      `scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) feature: favor projections: ${projections} orthogonal seed 42 mask: causal`,
    ),
    heads: 4,
    deviation: 0.25,
    flops: (length) => 8 * projections * dim * length,
    expected: (tensors, sizes, rows, projection) => {
      if (projection === undefined) throw new Error('a Performer has a projection')
      return throughFeatures(tensors, sizes, rows, favor(projection), true)
    },
  },
]
