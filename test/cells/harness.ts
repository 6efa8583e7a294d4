// Compiles a spec to cells, and runs them on gpu.js in WebAssembly and on the interpreter of kernels.
import { lengthsOf } from './lengths.ts'
import { build, understand } from '../../compiler/pipeline.ts'
import type { Built } from '../../compiler/pipeline.ts'
import { runPasses } from '../../compiler/verification/execution/run-passes.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { expected, full, normals, relativeError } from '../numeric/harness.ts'
import type { Sizes, Tensors, Weights } from '../numeric/harness.ts'

/** The only attention of a text, for the target gpujs. */
export function compileCells(text: string): Built {
  const source = { file: 'test.attn', text }
  const { tree, checked, diagnostics } = understand(source)
  const [model] = checked.attentions
  if (model === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  const built = build(model, tree, 'gpujs')
  if ('unsupported' in built) throw new Error(`not compiled: ${built.unsupported}`)
  return built
}

export const onGpujs = (built: Built, weights: Weights = {}): Promise<Attention> =>
  createAttention(built.program, { backend: 'gpujs', weights })

/** What a call's run-time weights may be, for the rows of its keys. */
export function weightsFor({ program }: Built, sizes: Sizes): Weights {
  const { heads, keyLength } = full(sizes)
  return Object.fromEntries(
    program.weights.map(({ name, perHead, perKeyRow }, index) => [
      name,
      normals(heads * perHead * (perKeyRow === true ? keyLength : 1), 71 + index, 0.3),
    ]),
  )
}

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
