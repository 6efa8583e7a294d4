// The ONNX models of the benchmarks, written byte by byte: field numbers are those of onnx.proto3.
import { float, integer, message, text } from './protobuf.mjs'

/** @typedef {import('./protobuf.mjs').Bytes} Bytes */

const tensors = ['q', 'k', 'v']
const floatElements = 1

/** Fields of an attribute, and the numbers of its types. */
const attribute = { name: 1, float: 2, integer: 3, text: 4, type: 20 }
const attributeTypes = { float: 1, integer: 2, text: 3 }

/**
 * @param {string} name
 * @param {number} value
 */
const whole = (name, value) => attributeOf(name, 'integer', integer(attribute.integer, value))

/**
 * @param {string} name
 * @param {number} value
 */
const number = (name, value) => attributeOf(name, 'float', float(attribute.float, value))

/**
 * @param {string} name
 * @param {string} value
 */
const word = (name, value) => attributeOf(name, 'text', text(attribute.text, value))

/**
 * @param {string} name
 * @param {keyof typeof attributeTypes} type
 * @param {Bytes} value
 * @returns {Bytes}
 */
const attributeOf = (name, type, value) =>
  message(5, text(attribute.name, name), value, integer(attribute.type, attributeTypes[type]))

/**
 * out = Σ_{j ≤ i} (q_i · k_j) v_j in each head: no features, no denominator. Tensors are packed,
 * [batch, length, heads · dim].
 * @param {number} heads
 */
export function linearAttentionModel(heads) {
  const attributes = [
    whole('q_num_heads', heads),
    whole('kv_num_heads', heads),
    word('update_rule', 'linear'),
    // 0, the default, would stand for 1 / √dim.
    number('scale', 1),
  ]
  // The node needs its second output, the state after the last row; the graph does not return it.
  const attention = node('LinearAttention', tensors, ['out', 'state'], 'com.microsoft', attributes)
  return model([attention], tensors, ['out'])
}

/**
 * Exact softmax attention in each head, scores divided by √dim. Tensors are packed, [batch, length, heads · dim].
 * @param {number} heads
 * @param {boolean} causal
 */
export function multiHeadAttentionModel(heads, causal) {
  const attributes = [whole('num_heads', heads), whole('unidirectional', causal ? 1 : 0)]
  return model([node('MultiHeadAttention', tensors, ['out'], 'com.microsoft', attributes)], tensors, ['out'])
}

/** Returns its inputs, which leaves them on the device where the session's outputs stay there. */
export function uploadModel() {
  const outputs = tensors.map((name) => `${name}_on_device`)
  const nodes = tensors.map((name, index) => node('Identity', [name], [outputs[index] ?? '']))
  return model(nodes, tensors, outputs)
}

/**
 * @param {string} operator
 * @param {readonly string[]} inputs
 * @param {readonly string[]} outputs
 * @param {string} [domain]
 * @param {readonly Bytes[]} [attributes]
 * @returns {Bytes}
 */
function node(operator, inputs, outputs, domain = '', attributes = []) {
  return message(
    1,
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operator),
    ...attributes,
    text(7, domain),
  )
}

/**
 * @param {readonly Bytes[]} nodes
 * @param {readonly string[]} inputs
 * @param {readonly string[]} outputs
 */
function model(nodes, inputs, outputs) {
  const graph = message(
    7,
    ...nodes,
    text(2, 'benchmark'),
    ...inputs.map((name) => message(11, packedTensor(name))),
    ...outputs.map((name) => message(12, packedTensor(name))),
  )
  const version = { intermediateRepresentation: 10, onnx: 21, microsoft: 1 }
  return Uint8Array.from([
    ...integer(1, version.intermediateRepresentation),
    ...graph,
    ...message(8, text(1, ''), integer(2, version.onnx)),
    ...message(8, text(1, 'com.microsoft'), integer(2, version.microsoft)),
  ])
}

/**
 * f32 with three axes of any size.
 * @param {string} name
 * @returns {Bytes}
 */
function packedTensor(name) {
  const shape = message(2, ...['batch', 'length', 'width'].map((axis) => message(1, text(2, axis))))
  return [...text(1, name), ...message(2, message(1, integer(1, floatElements), shape))]
}
