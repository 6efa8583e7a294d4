// Kernels as if on WebGL: what they read and write are textures, which are counted, and any of them may fail.
import { createRequire } from 'node:module'
import type { Gpu, GpuKernel, GpuKernelSettings, GpuTexture } from '../../runtime/backends/gpujs/library.ts'
import type { Machine } from '../../runtime/backends/gpujs/machine.ts'

/** What tests see and set. */
export const textures = {
  alive: 0,
  /** Calls of kernels from now on until those that make textures fail. */
  untilFailure: Infinity,
  lost: false,
  scratchCells: Infinity,
}

export function machineOfTextures(): Machine {
  const { GPU } = createRequire(import.meta.url)('gpu.js') as { GPU: new (settings: object) => Gpu }
  const gpu = new GPU({ mode: 'webasm' })
  return {
    gpu: { createKernel: (source, settings) => kernelOfTextures(gpu, source, settings) },
    mode: 'webgl2',
    name: 'textures',
    mostCells: 2 ** 26,
    scratchCells: textures.scratchCells,
    longestSide: 2 ** 13,
    isLost: () => textures.lost,
    close: () => {},
  }
}

interface Shared {
  readonly numbers: Float32Array
  readonly kernel: { destroyed: boolean }
  holders: number
}

class Texture implements GpuTexture {
  readonly type = 'ArrayTexture(1)'
  readonly #shared: Shared
  #deleted = false

  constructor(shared: Shared) {
    this.#shared = shared
    shared.holders++
  }

  get numbers(): Float32Array {
    if (this.#deleted) throw new Error('a texture is read after it was deleted')
    return this.#shared.numbers
  }

  clone(): Texture {
    if (this.#deleted) throw new Error('a texture is cloned after it was deleted')
    return new Texture(this.#shared)
  }

  /** As gpu.js does it: the last holder frees, if there is still the kernel that made it. */
  delete(): void {
    if (this.#deleted) return
    this.#deleted = true
    this.#shared.holders--
    if (this.#shared.holders === 0 && !this.#shared.kernel.destroyed) textures.alive--
  }
}

function kernelOfTextures(gpu: Gpu, source: string, settings: GpuKernelSettings): GpuKernel {
  const argumentTypes = settings.argumentTypes.map((type) => (type === 'Integer' ? type : 'Array'))
  const inner = gpu.createKernel(source, { ...settings, argumentTypes, asyncMode: false })
  const life = { destroyed: false }
  const kernel = (...given: readonly unknown[]): unknown => {
    // Reading fails with the whole context alone.
    if (settings['pipeline'] === true) textures.untilFailure--
    if (textures.untilFailure < 0) throw new Error('no memory')
    const made = inner(...(given.map((one) => (one instanceof Texture ? one.numbers : one)) as never[]))
    const numbers = Float32Array.from([made].flat(3).flatMap((row) => [...(row as Float32Array)]))
    if (settings['pipeline'] !== true) return Promise.resolve(numbers)
    textures.alive++
    return new Texture({ numbers, kernel: life, holders: 0 })
  }
  return Object.assign(kernel, {
    setOutput: (output: readonly number[]) => inner.setOutput(output),
    destroy: () => {
      life.destroyed = true
      inner.destroy()
    },
  })
}
