// The compiled attentions of this page, loaded when they are first wanted.

/** By the name of the attention. */
const loaded = new Map()

/** @returns an attention that is ready to run: on a GPU, else on the processor */
export function attentionNamed(name) {
  let loading = loaded.get(name)
  if (loading === undefined) {
    loading = load(name)
    loaded.set(name, loading)
    // A device that was not there may be there the next time.
    loading.catch(() => loaded.delete(name))
  }
  return loading
}

/** After a lost device: those that ran on it are of no more use. */
export function forgetAttentions() {
  loaded.clear()
}

async function load(name) {
  const { create } = await import(`./modules/${name}.js`)
  try {
    return await create()
  } catch (missing) {
    if (missing.code !== 'no-webgpu' && missing.code !== 'no-adapter') throw missing
    // Without WebAssembly, too: the same module on WebGL, where gpu.js lies beside it.
    await script('./modules/gpu-browser.min.js').catch(() => Promise.reject(missing))
    return create({ backend: 'gpujs' })
  }
}

/** A script of the old kind, which leaves its name on the page. */
function script(src) {
  return new Promise((resolve, reject) => {
    document.head.append(
      Object.assign(document.createElement('script'), { src, onload: resolve, onerror: reject }),
    )
  })
}
