/**
 * What runs attentions, in the order in which backends are tried, and the codes of the errors by which each says that
 * it is missing here, so that the next is tried:
 *
 * - `no-webgpu`: neither the browser nor the `webgpu` package offers WebGPU
 * - `no-adapter`: WebGPU is there but finds no device to run on
 * - `no-wasm`: there is no WebAssembly with SIMD, or a page's policy forbids it
 * - `no-gpujs`: the package gpu.js is not there
 * - `no-float-textures`: WebGL is there but cannot compute in 32-bit floats
 */
export const backends = {
  webgpu: ['no-webgpu', 'no-adapter'],
  wasm: ['no-wasm'],
  gpujs: ['no-gpujs', 'no-float-textures', 'no-wasm'],
  reference: [],
} as const

/** What an attention can run on. */
export type BackendName = keyof typeof backends

/** Their names, in the order in which they are tried. */
export const backendNames = Object.keys(backends) as readonly BackendName[]

/** What kernels are written for: every backend but the reference, which reads the text of an attention. */
export type TargetName = Exclude<BackendName, 'reference'>

/** Codes of `AttentionError` that say that a backend is missing. */
export type MissingCode = (typeof backends)[BackendName][number]
