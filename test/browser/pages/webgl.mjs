// What a page does with modules of the target gpujs, and what it counts of WebGL meanwhile.

/**
 * @typedef {import('../../../runtime/attention.ts').Attention} Attention
 * @typedef {import('../../../runtime/attention.ts').ForwardCall<Float32Array>} Call
 * @typedef {Readonly<Record<string, unknown>>} Given a call, with plain arrays for tensors
 * @typedef {{ readonly create: () => Promise<Attention> }} Module
 */

/** @type {WebGL2RenderingContext[]} */
const contexts = []
/** @type {string[]} */
const shaders = []
let textures = 0
/**
 * How many cells the textures have that are there.
 *
 * @type {Map<WebGLTexture, number>}
 */
const cellsIn = new Map()

// oxlint-disable-next-line typescript/unbound-method -- each is called on its object
const { getContext } = OffscreenCanvas.prototype
OffscreenCanvas.prototype.getContext = /** @type {typeof getContext} */ (
  /**
   * @this {OffscreenCanvas}
   * @param {Parameters<typeof getContext>} given
   */
  function (...given) {
    const context = getContext.apply(this, given)
    // gpu.js makes contexts of its own to see what they can do, on canvases without a pixel.
    if (context instanceof WebGL2RenderingContext && this.width > 0) contexts.push(context)
    return context
  }
)
// oxlint-disable-next-line typescript/unbound-method -- each is called on its object
const { createTexture, deleteTexture, shaderSource, texStorage2D } = WebGL2RenderingContext.prototype
WebGL2RenderingContext.prototype.texStorage2D = function (target, levels, format, width, height) {
  const bound = /** @type {unknown} */ (this.getParameter(this.TEXTURE_BINDING_2D))
  if (bound instanceof WebGLTexture) cellsIn.set(bound, width * height)
  texStorage2D.call(this, target, levels, format, width, height)
}
WebGL2RenderingContext.prototype.createTexture = function () {
  textures++
  return createTexture.call(this)
}
WebGL2RenderingContext.prototype.deleteTexture = function (texture) {
  if (texture !== null && this.isTexture(texture)) textures--
  if (texture !== null) cellsIn.delete(texture)
  deleteTexture.call(this, texture)
}
WebGL2RenderingContext.prototype.shaderSource = function (shader, text) {
  shaders.push(text)
  shaderSource.call(this, shader, text)
}

/** @type {Map<string, Attention>} */
const opened = new Map()

/** @param {string} name */
function attentionOf(name) {
  const attention = opened.get(name)
  if (attention === undefined) throw new Error(`${name} is not open`)
  return attention
}

/**
 * @param {Given} call
 * @returns {Call}
 */
function withArrays(call) {
  /** @type {unknown} */
  const tensors = Object.fromEntries(
    Object.entries(call).map(([name, value]) => [
      name,
      Array.isArray(value) && name !== 'lengths' ? Float32Array.from(value) : value,
    ]),
  )
  return /** @type {Call} */ (tensors)
}

const codeOf = (/** @type {unknown} */ error) => /** @type {{ code?: unknown }} */ (error).code

const page = {
  /** @param {string} name */
  async open(name) {
    const { create } = /** @type {Module} */ (await import(`/modules/${name}.js`))
    const attention = await create()
    opened.set(name, attention)
    return attention.device
  },
  /** @param {string} name */
  close: (name) => attentionOf(name).destroy(),
  /** @type {(name: string, call: Given) => Promise<number[]>} */
  forward: async (name, call) => Array.from(await attentionOf(name).forward(withArrays(call))),
  /** @type {(name: string, call: Given, times: number) => Promise<number>} */
  async texturesAfter(name, call, times) {
    for (let count = 0; count < times; count++) await attentionOf(name).forward(withArrays(call))
    return textures
  },
  /** @type {(name: string, prefix: Given, tokens: readonly Given[]) => Promise<unknown>} */
  async decode(name, prefix, tokens) {
    const attention = attentionOf(name)
    const { state } = await attention.prefill(withArrays(prefix))
    const copy = state.copy()
    /** @type {number[][]} */
    const outputs = []
    for (const token of tokens) outputs.push(Array.from(await attention.step(state, withArrays(token))))
    const { capacity, tensors } = await state.save()
    state.destroy()
    const again = Array.from(await attention.step(copy, withArrays(tokens[0] ?? {})))
    copy.destroy()
    return { outputs, again, capacity, count: Array.from(tensors['count'] ?? []) }
  },
  /** @type {(name: string, call: Given) => Promise<unknown[]>} */
  async lose(name, call) {
    const attention = attentionOf(name)
    const pending = attention.forward(withArrays(call)).catch(codeOf)
    contexts.at(-1)?.getExtension('WEBGL_lose_context')?.loseContext()
    const codes = [await pending, await attention.forward(withArrays(call)).catch(codeOf)]
    attention.destroy()
    return codes
  },
  cells: () => [...cellsIn.values()].reduce((sum, cells) => sum + cells, 0),
  lostContexts: () => contexts.map((context) => context.isContextLost()),
  shaders: () => shaders,
}

Object.assign(globalThis, { page })
