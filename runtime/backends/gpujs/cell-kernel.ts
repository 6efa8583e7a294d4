/** Functions of gpu.js, made into kernels and called with whatever shape comes. */
import { AttentionError, messageOf } from '../../errors.ts'
import type { Cells, GpuKernel, GpuKernelSettings } from './library.ts'
import type { Machine } from './machine.ts'

export type Extent = readonly [number, number, number]

/** What the function is given, in order. */
export interface Parameters {
  readonly buffers: number
  readonly integers: number
}

/** Makes one number of each cell; the first call compiles it. */
export class CellKernel {
  readonly #name: string
  readonly #machine: Machine
  readonly #kernel: GpuKernel

  constructor(machine: Machine, name: string, source: string, parameters: Parameters) {
    this.#machine = machine
    this.#name = name
    this.#kernel = makeKernel(
      machine,
      source,
      parameters,
      machine.mode === 'webgl2' ? 'ArrayTexture(1)' : 'Array',
    )
  }

  run(buffers: readonly Cells[], integers: readonly number[], extent: Extent): Cells {
    try {
      // Each time: it leaves the kernel without the texture that it wrote before. Where that is among what is
      // read, gpu.js would write into one that it wrote still earlier, which may be of another size.
      this.#kernel.setOutput(this.#outputFor(extent))
      const made = this.#kernel(...buffers, ...integers)
      if (this.#machine.mode === 'webasm') return flat(made as readonly (readonly Float32Array[])[], extent)
      letGo(this.#kernel)
      return made as Cells
    } catch (cause) {
      throw refusal(this.#machine, this.#name, cause)
    }
  }

  destroy(): void {
    this.#kernel.destroy()
  }

  /**
   * Three dimensions, so that all textures are of one class, for which a kernel
   * is compiled once. gpu.js makes a texture of one layer as wide and high as the
   * layer; where that is too long, a second layer of which nothing is read has
   * it fold all cells into a square.
   */
  #outputFor([width, height, depth]: Extent): Extent {
    const tooLong = Math.max(width, height) > this.#machine.longestSide
    return depth === 1 && height > 1 && tooLong ? [width, height, 2] : [width, height, depth]
  }
}

/** A kernel holds what it wrote last, until it gets another output: what others free would stay. */
export const letGo = (kernel: GpuKernel): void => void kernel.setOutput([1, 1, 1])

/** A kernel that leaves its result where the next one reads it. */
export const makeKernel = (
  { gpu }: Machine,
  source: string,
  parameters: Parameters,
  bufferType: string,
  settings: Partial<GpuKernelSettings> = {},
): GpuKernel => gpu.createKernel(source, { ...kernelSettings(parameters, bufferType), ...settings })

export function kernelSettings({ buffers, integers }: Parameters, bufferType: string): GpuKernelSettings {
  return {
    output: [1, 1, 1],
    argumentTypes: [
      ...Array.from({ length: buffers }, () => bufferType),
      ...Array.from({ length: integers }, () => 'Integer'),
    ],
    precision: 'single',
    // Or gpu.js chooses half precision for small textures.
    tactic: 'precision',
    pipeline: true,
    immutable: true,
    dynamicOutput: true,
    dynamicArguments: true,
    // Or loops whose ends are known at a call stop after a thousand rounds, without a word.
    loopMaxIterations: 2 ** 31 - 1,
    // Or each division gets a branch on devices that divide inexactly; kernels do not rely on exact ones.
    fixIntegerDivisionAccuracy: false,
    // Or what it cannot run would run as JavaScript, unseen but for a warning.
    onRequestFallback: refuseFallback,
  }
}

export function refusal(machine: Machine, kernel: string, cause: unknown): AttentionError {
  return machine.isLost()
    ? lost(machine.name)
    : new AttentionError('kernel', `${machine.name} refused the kernel ${kernel}: ${messageOf(cause)}`, {
        cause,
      })
}

export const lost = (name: string): AttentionError =>
  new AttentionError('device-lost', `${name} lost its context. Create a new attention with create().`)

function refuseFallback(this: { readonly fallbackReason?: string | null }): never {
  throw new Error(`it cannot be compiled (${this.fallbackReason ?? 'for no reason given'})`)
}

/** gpu.js cuts what it computed into rows; behind them is one array of them all. */
function flat(layers: readonly (readonly Float32Array[])[], [width, height, depth]: Extent): Float32Array {
  const first = layers[0]?.[0]
  const all = first && new Float32Array(first.buffer)
  if (all?.length === width * height * depth) return all
  const numbers = new Float32Array(width * height * depth)
  for (const [row, entries] of layers.flat().entries()) numbers.set(entries, row * width)
  return numbers
}
