// A program that loses its device, by a call in flight and by one made after, and goes on with a new one.

/** @typedef {{ name: string, code: unknown, message: string }} Failure */

/**
 * @param {import('./run.mjs').Run} run
 * @returns {Promise<{ pending: Failure | undefined, later: Failure | undefined, output: number[] }>}
 */
export async function loseDevice({ module, calls }) {
  const { create } = /** @type {import('./run.mjs').Module} */ (await import(module))
  const [first] = calls
  if (first === undefined) throw new Error('a call is needed')
  const { length = 1, ...others } = first.sizes
  const call = {
    q: Float32Array.from(first.q),
    k: Float32Array.from(first.k),
    v: Float32Array.from(first.v),
    length,
    ...others,
  }

  const device = await newDevice()
  const attention = await create({ device })
  await attention.forward(call)
  const inFlight = attention.forward(call)
  device.destroy()
  const pending = await failureOf(inFlight)
  const later = await failureOf(attention.forward(call))

  const next = await create({ device: await newDevice() })
  const output = [...(await next.forward(call))]
  next.destroy()
  return { pending, later, output }
}

async function newDevice() {
  const adapter = await navigator.gpu.requestAdapter()
  if (adapter === null) throw new Error('there is no adapter')
  return adapter.requestDevice()
}

/**
 * @param {Promise<unknown>} promise
 * @returns {Promise<Failure | undefined>}
 */
const failureOf = (promise) =>
  promise.then(
    () => undefined,
    (/** @type {Failure} */ { name, code, message }) => ({ name, code, message }),
  )
