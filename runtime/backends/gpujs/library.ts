/** gpu.js: as much of it as is used here, and where it is found. */
import { AttentionError, messageOf } from '../../errors.ts'
import { loadPackage } from '../../load.ts'

/** What a kernel reads and writes: a texture under WebGL 2, an array of numbers elsewhere. */
export type Cells = Float32Array | GpuTexture

/** Its contents are never written again: kernels are `immutable`. */
export interface GpuTexture {
  readonly type: string
  /** Another holder of the same contents, which are freed with the last. */
  clone(): GpuTexture
  delete(): void
}

/** A kernel that was made with `asyncMode` returns a promise. */
export interface GpuKernel {
  (...inputs: readonly (Cells | number)[]): unknown
  setOutput(output: readonly number[]): unknown
  destroy(): void
}

export interface GpuKernelSettings {
  readonly output: readonly number[]
  readonly argumentTypes: readonly string[]
  readonly [setting: string]: unknown
}

export interface Gpu {
  createKernel(source: string, settings: GpuKernelSettings): GpuKernel
}

export interface GpuConstructor {
  new (settings: Readonly<Record<string, unknown>>): Gpu
}

/**
 * gpu.js from where the generated module's bundler found it, from a script on
 * the page, or from the package.
 *
 * @throws AttentionError `no-gpujs`
 */
export async function loadLibrary(bundled?: () => Promise<unknown>): Promise<GpuConstructor> {
  const onPage = constructorIn(globalThis)
  if (onPage !== undefined) return onPage
  let cause: unknown
  for (const load of [bundled, () => loadPackage('gpu.js')]) {
    try {
      const found = constructorIn(await load?.())
      if (found !== undefined) return found
    } catch (thrown) {
      cause = thrown
    }
  }
  throw new AttentionError(
    'no-gpujs',
    `The backend gpujs needs the package gpu.js, which was not found${cause === undefined ? '' : ` (${messageOf(cause)})`}. ` +
      'Try `npm install gpu.js`; on a page without a bundler, load its dist/gpu-browser.min.js in a <script> before.',
    { cause },
  )
}

/** Modules, bundlers and scripts each wrap it in their own way; WebGPU has a global of the same name. */
function constructorIn(holder: unknown): GpuConstructor | undefined {
  const { GPU: named, default: inner } = (holder ?? {}) as { GPU?: unknown; default?: unknown }
  const { GPU: nested } = (inner ?? {}) as { GPU?: unknown }
  return [named, nested, inner].find(isConstructor)
}

const isConstructor = (value: unknown): value is GpuConstructor =>
  typeof value === 'function' &&
  typeof (value.prototype as Partial<Gpu> | undefined)?.createKernel === 'function'
