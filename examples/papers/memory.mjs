// What a call asks of memory.

/**
 * @param form of a compiled program: its buffers, and in how many chunks it works
 * @returns {number} bytes of all buffers of a call, inputs and results among them
 */
export function bytesOf({ buffers, chunks }, { length, heads }) {
  const shape = { batch: 1, heads, kvHeads: heads, length, keyLength: length, chunks: 1 }
  const whole = { ...shape, offset: 0, capacity: length, sliceStart: 0, sliceCount: heads }
  whole.chunks = chunks(whole)
  return buffers.reduce((sum, { size }) => sum + 4 * size(whole), 0)
}
