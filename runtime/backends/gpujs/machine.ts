/** What kernels of gpu.js run on: WebGL 2, or WebAssembly where there is none. */
import { AttentionError } from '../../errors.ts'
import type { Gpu, GpuConstructor } from './library.ts'
import { withOwnVertices } from './vertices.ts'

export interface Machine {
  readonly gpu: Gpu
  readonly mode: 'webgl2' | 'webasm'
  /** For people. */
  readonly name: string
  /** Cells that one buffer may have. */
  readonly mostCells: number
  /** Cells that a scratch buffer does not pass where a call can be cut: memory is not all ours. */
  readonly scratchCells: number
  /** Cells along an edge of a texture. */
  readonly longestSide: number
  isLost(): boolean
  close(): void
}

/** gpu.js addresses its WebAssembly memory in bytes, by i32. */
const MOST_BYTES = 2 ** 31

/** 16 MiB, enough to keep any device busy. */
const SCRATCH_CELLS = 2 ** 22

/** @throws AttentionError `no-float-textures`, `no-wasm` */
export function openMachine(library: GpuConstructor): Machine {
  const context = openContext()
  return context === undefined ? onWebAssembly(library) : onWebgl(library, context)
}

function onWebAssembly(library: GpuConstructor): Machine {
  if (typeof WebAssembly !== 'object')
    throw new AttentionError('no-wasm', 'gpu.js needs WebGL 2 or WebAssembly, and there is neither here.')
  return {
    gpu: new library({ mode: 'webasm' }),
    mode: 'webasm',
    name: 'gpu.js webasm',
    mostCells: MOST_BYTES / 4,
    scratchCells: SCRATCH_CELLS,
    longestSide: Infinity,
    isLost: () => false,
    close: () => {},
  }
}

function onWebgl(library: GpuConstructor, context: WebGL2RenderingContext): Machine {
  const renderer = rendererOf(context)
  if (context.getExtension('EXT_color_buffer_float') === null) {
    throw new AttentionError(
      'no-float-textures',
      `WebGL 2 is here (${renderer}) but cannot write textures of 32-bit floats (EXT_color_buffer_float). ` +
        'Try another browser or device, or the backend reference.',
    )
  }
  const longestSide = context.getParameter(context.MAX_TEXTURE_SIZE) as number
  return {
    // In the canvas's place: gpu.js would make one as large as the largest texture, and nothing is shown.
    gpu: withOwnVertices(new library({ context, canvas: { width: 1, height: 1 } }), context),
    mode: 'webgl2',
    name: `gpu.js webgl2 · ${renderer}`,
    // They are folded into nearly a square, of which one side may be longer by one.
    mostCells: longestSide * (longestSide - 1),
    scratchCells: SCRATCH_CELLS,
    longestSide,
    isLost: () => context.isContextLost(),
    // Browsers allow few at a time, and would wait for the garbage collector.
    close: () => context.getExtension('WEBGL_lose_context')?.loseContext(),
  }
}

function openContext(): WebGL2RenderingContext | undefined {
  const attributes = { alpha: false, depth: false, antialias: false }
  if (typeof OffscreenCanvas !== 'undefined') {
    const context = new OffscreenCanvas(1, 1).getContext('webgl2', attributes)
    if (context !== null) return context
  }
  if (typeof document === 'undefined') return undefined
  const canvas: HTMLCanvasElement = document.createElement('canvas')
  return (canvas.getContext('webgl2', attributes) as WebGL2RenderingContext | null) ?? undefined
}

function rendererOf(context: WebGL2RenderingContext): string {
  const unmasked = context.getExtension('WEBGL_debug_renderer_info')
  return String(context.getParameter(unmasked?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER))
}
