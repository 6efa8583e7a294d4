// As much of the protocol buffers' wire format as writing a small message takes.

/** @typedef {readonly number[]} Bytes */

/**
 * @param {number} value not negative
 * @returns {number[]}
 */
function varint(value) {
  const bytes = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return [...bytes, rest]
}

/**
 * @param {number} field
 * @param {0 | 2 | 5} wireType a varint, bytes with their length, 4 bytes
 */
const tag = (field, wireType) => varint(field * 8 + wireType)

/**
 * @param {number} field
 * @param {number} value
 * @returns {Bytes}
 */
export const integer = (field, value) => [...tag(field, 0), ...varint(value)]

/**
 * @param {number} field
 * @param {number} value
 * @returns {Bytes}
 */
export const float = (field, value) => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return [...tag(field, 5), ...bytes]
}

/**
 * @param {number} field
 * @param {string} value
 * @returns {Bytes}
 */
export const text = (field, value) => message(field, [...new TextEncoder().encode(value)])

/**
 * @param {number} field
 * @param {...Bytes} parts
 * @returns {Bytes}
 */
export const message = (field, ...parts) => {
  const content = parts.flat()
  return [...tag(field, 2), ...varint(content.length), ...content]
}
