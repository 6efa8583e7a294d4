/** WebAssembly with SIMD, on the cores of the processor. */
import { AttentionError } from '../../errors.ts'
import type { Backend } from '../backend.ts'
import { open } from './open.ts'

/** The record of the backend wasm. */
export const wasm: Backend = {
  name: 'wasm',
  runs: 'kernels',
  open,
  find: async () => {
    throw new AttentionError('no-wasm', 'There are no kernels for WebAssembly.')
  },
}
