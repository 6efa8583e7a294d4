// Runs specs compiled to cells on gpu.js in WebAssembly and on the interpreter of kernels.
import { lengthsOf } from './lengths.ts'
import type { Built } from '../../compiler/pipeline.ts'
import { runPasses } from '../../compiler/verification/execution/run-passes.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { expected, full, relativeError } from '../numeric/harness.ts'
import type { Sizes, Tensors, Weights } from '../numeric/harness.ts'

export const onGpujs = (built: Built, weights: Weights = {}): Promise<Attention> =>
  createAttention(built.program, { backend: 'gpujs', weights })

/** The forward pass on the interpreter: f32 after each operation, every access in bounds. */
export function interpretedCells(
  { schedule, kernels, program }: Built,
  sizes: Sizes,
  inputs: Tensors,
  weights: Weights = {},
): Float32Array {
  const projection = program.projection && drawProjection(program.projection)
  return runPasses(
    { schedule, kernels },
    {
      call: { ...inputs, ...full(sizes), ...(sizes.lengths && { lengths: sizes.lengths }) },
      kept: { ...weights, ...(projection && { projection }) },
    },
  )
}

export async function gpujsError(
  built: Built,
  sizes: Sizes,
  inputs: Tensors,
  weights: Weights = {},
): Promise<number> {
  const attention = await onGpujs(built, weights)
  const out = await attention.forward({ ...inputs, ...full(sizes), ...lengthsOf(sizes) })
  attention.destroy()
  if (!(out instanceof Float32Array)) throw new Error('typed arrays in, a typed array out')
  return relativeError(out, expected(built, sizes, inputs, undefined, weights))
}
