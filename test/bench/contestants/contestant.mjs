/**
 * What is timed: the same tensors in two ways, arrays to arrays and on the device.
 *
 * @typedef {object} Contestant
 * @property {string} name
 * @property {Float64Array} expected in its own layout, rows of `width` numbers
 * @property {number} width
 * @property {() => Promise<Float32Array>} fromArrays one call: upload, dispatches, readback
 * @property {(calls: number) => Promise<Float32Array>} onDevice as many calls on tensors that lie on the device, and
 *   the readback of the last, which waits for them all
 * @property {() => void | Promise<void>} destroy
 */
export {}
