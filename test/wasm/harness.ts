// Opens an attention on so many threads.
import type { Built } from '../../compiler/pipeline.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'
import type { Weights } from '../numeric/harness.ts'

export const onWasm = (built: Built, threads: number, weights: Weights = {}): Promise<Attention> =>
  createAttention(built.program, { backend: 'wasm', threads, weights })
