// Long calls on WebAssembly, as an app makes them: on the threads that the page may have, and on one.

/**
 * @typedef {object} Long
 * @property {string} device of the attention with all threads
 * @property {number} ticks of a timer of the page while that one computed
 * @property {boolean} same whether all results were those of one thread, in the same bits
 * @property {number} workers that computed something of the last result
 * @property {number} first of the numbers
 */

/** @typedef {Readonly<Record<'tables' | 'tableWords' | 'threads', number>>} Layout where each thread writes its table */

/** @type {WebAssembly.Memory[]} all that are made from now on */
const memories = []
WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
  construct(Memory, [description]) {
    const memory = new Memory(/** @type {WebAssembly.MemoryDescriptor} */ (description))
    memories.push(memory)
    return memory
  },
})

/**
 * The tables of the workers: each writes its own when it has taken workgroups.
 *
 * @param {Layout} layout
 */
const workerTables = ({ tables, tableWords, threads }) =>
  memories.flatMap(({ buffer }) =>
    Array.from(
      { length: threads },
      (_, worker) => new Int32Array(buffer, 4 * (tables + tableWords * (worker + 1)), tableWords),
    ),
  )

/**
 * Three calls at least, and more until a worker has taken part in the last.
 *
 * @param {string} module the address of a compiled module
 * @param {Layout} layout
 * @param {number} patience milliseconds in which a worker takes part; 0 where there is none
 * @returns {Promise<Long>}
 */
export async function long(module, layout, patience) {
  const { create } = /** @type {import('./run.mjs').Module} */ (await import(/* @vite-ignore */ module))
  const [attention, alone] = [
    await create({ backend: 'wasm' }),
    await create({ backend: 'wasm', threads: 1 }),
  ]
  const { dim, valueDim, device } = attention
  const [heads, length] = [2, 500]
  /** @type {(width: number, step: number) => Float32Array<ArrayBuffer>} */
  const waves = (width, step) =>
    Float32Array.from({ length: heads * length * width }, (_, n) => Math.sin(n * step))
  const call = { q: waves(dim, 0.7), k: waves(dim, 0.3), v: waves(valueDim, 0.2), heads, length }
  const wanted = await alone.forward(call)
  let ticks = 0
  const timer = setInterval(() => ticks++, 0)
  let same = true
  let workers = 0
  const end = performance.now() + patience
  for (let time = 0; time < 3 || (workers === 0 && performance.now() < end); time++) {
    const tables = workerTables(layout)
    for (const table of tables) table.fill(0)
    const out = await attention.forward(call)
    same &&= out.every((one, n) => one === wanted[n])
    workers = tables.filter((table) => table.some(Boolean)).length
  }
  clearInterval(timer)
  attention.destroy()
  alone.destroy()
  return { device, ticks, same, workers, first: wanted[0] ?? NaN }
}

/**
 * The code and the message of the error with which a module cannot be run on WebAssembly here.
 *
 * @param {string} module
 */
export async function refusal(module) {
  const { create } = /** @type {import('./run.mjs').Module} */ (await import(/* @vite-ignore */ module))
  try {
    const attention = await create({ backend: 'wasm' })
    return `it runs on ${attention.device}`
  } catch (thrown) {
    const { code, message } = /** @type {import('../../../runtime/errors.ts').AttentionError} */ (thrown)
    return `${code}: ${message}`
  }
}

/**
 * What a module runs on here where no backend is asked for, or the error of there being none.
 *
 * @param {string} module
 * @param {string} [library] the address of gpu.js, where the page has it
 */
export async function first(module, library) {
  if (library !== undefined) await import(/* @vite-ignore */ library)
  const { create } = /** @type {import('./run.mjs').Module} */ (await import(/* @vite-ignore */ module))
  try {
    const attention = await create()
    const { dim, valueDim, backend } = attention
    const [q, v] = [new Float32Array(3 * dim).fill(1), new Float32Array(3 * valueDim).fill(2)]
    const [number] = await attention.forward({ q, k: q, v, length: 3 })
    attention.destroy()
    return `${backend}: ${number?.toFixed(3)}`
  } catch (thrown) {
    return String(thrown)
  }
}

/**
 * The same in a Web Worker, which may sleep.
 *
 * @param {Parameters<typeof long>} given
 * @returns {Promise<Long>}
 */
export const longInWorker = (...given) =>
  new Promise((resolve, reject) => {
    const worker = new Worker('./threads-worker.mjs', { type: 'module' })
    worker.addEventListener('message', (/** @type {MessageEvent<Long | { failed: string }>} */ { data }) =>
      'failed' in data ? reject(new Error(data.failed)) : resolve(data),
    )
    worker.addEventListener('error', ({ message }) => reject(new Error(message)))
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
    worker.postMessage(given)
  })

Object.assign(globalThis, { first, long, longInWorker, refusal })
