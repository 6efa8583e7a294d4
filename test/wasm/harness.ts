// Compiles a text for the target wasm.
import { build, understand } from '../../compiler/pipeline.ts'
import type { Built } from '../../compiler/pipeline.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'
import type { Weights } from '../numeric/harness.ts'

/** The only attention of a text. */
export function compileWasm(text: string): Built {
  const { tree, checked, diagnostics } = understand({ file: 'test.attn', text })
  const [model] = checked.attentions
  if (model === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  const built = build(model, tree, 'wasm')
  if ('unsupported' in built) throw new Error(`not compiled: ${built.unsupported}`)
  return built
}

export const onWasm = (built: Built, threads: number, weights: Weights = {}): Promise<Attention> =>
  createAttention(built.program, { backend: 'wasm', threads, weights })
