// What a page or a worker of the tests does: runs compiled modules, as a user's own program would.

/**
 * @typedef {object} Run
 * @property {string} module the address of a compiled module
 * @property {string} text the spec that it was compiled from
 * @property {string} [library] the address of gpu.js, which a page without a bundler brings itself
 * @property {import('../../../runtime/attention.ts').Backend} [backend]
 * @property {Readonly<Record<string, readonly number[]>>} weights
 * @property {readonly Call[]} calls
 *
 * @typedef {object} Module
 * @property {(options?: import('../../../runtime/attention.ts').CreateOptions) => Promise<import('../../../runtime/attention.ts').Attention>} create
 *
 * @typedef {object} Call
 * @property {readonly number[]} q
 * @property {readonly number[]} k
 * @property {readonly number[]} v
 * @property {Readonly<Record<string, readonly number[]>>} [inputs]
 * @property {Readonly<Record<string, number>>} sizes
 * @property {readonly number[]} [lengths]
 */

/** @typedef {{ backend: import('../../../runtime/attention.ts').Backend, device: string, outputs: number[][] }} Outcome */

/**
 * @param {Run} run
 * @returns {Promise<Outcome>}
 */
export async function run(run) {
  if (run.library !== undefined) await import(/* @vite-ignore */ run.library)
  const { create } = /** @type {Module} */ (await import(run.module))
  return runWith(create, run)
}

/**
 * @param {Module['create']} create
 * @param {Run} run
 * @returns {Promise<Outcome>}
 */
export async function runWith(create, { backend, weights, calls }) {
  /** @param {Readonly<Record<string, readonly number[]>>} of */
  const arrays = (of) =>
    Object.fromEntries(Object.entries(of).map(([name, numbers]) => [name, Float32Array.from(numbers)]))
  const attention = await create({ backend, weights: arrays(weights) })
  const outputs = []
  for (const { q, k, v, inputs, sizes, lengths } of calls) {
    const rows = { q: Float32Array.from(q), k: Float32Array.from(k), v: Float32Array.from(v) }
    const tensors = { ...rows, ...(inputs && { inputs: arrays(inputs) }) }
    const { length = 1, ...others } = sizes
    outputs.push([...(await attention.forward({ ...tensors, length, ...others, lengths }))])
  }
  const { backend: used, device } = attention
  attention.destroy()
  return { backend: used, device, outputs }
}
