// The two ONNX models of the benchmark, written byte by byte: field numbers are those of onnx.proto3.
import { float, integer, message, text } from './protobuf.mjs'

/** @typedef {import('./protobuf.mjs').Bytes} Bytes */

const tensors = ['q', 'k', 'v']
const floatElements = 1
const attributeTypes = { float: 1, integer: 2, text: 3 }

/**
 * out = Σ_{j ≤ i} (q_i · k_j) v_j in each head: no features, no denominator. Tensors are packed,
 * [batch, length, heads · dim].
 * @param {number} heads
 */
export function linearAttentionModel(heads) {
  const attribute = { name: 1, float: 2, integer: 3, text: 4, type: 20 }
  const attributes = [
    ...['q_num_heads', 'kv_num_heads'].map((name) =>
      message(
        5,
        text(attribute.name, name),
        integer(attribute.integer, heads),
        integer(attribute.type, attributeTypes.integer),
      ),
    ),
    message(
      5,
      text(attribute.name, 'update_rule'),
      text(attribute.text, 'linear'),
      integer(attribute.type, attributeTypes.text),
    ),
    // 0, the default, would stand for 1 / √dim.
    message(
      5,
      text(attribute.name, 'scale'),
      float(attribute.float, 1),
      integer(attribute.type, attributeTypes.float),
    ),
  ]
  // The node needs its second output, the state after the last row; the graph does not return it.
  const attention = node('LinearAttention', tensors, ['out', 'state'], 'com.microsoft', attributes)
  return model([attention], tensors, ['out'])
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
