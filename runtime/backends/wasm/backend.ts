/** WebAssembly with SIMD, on the cores of the processor. */
import type { Backend } from '../backend.ts'
import { deviceName, mostThreads } from './device.ts'
import { open } from './open.ts'
import { fittingVariant } from './variant.ts'

/** The record of the backend wasm. */
export const wasm: Backend = {
  name: 'wasm',
  runs: 'kernels',
  open,
  find: async () => ({
    device: deviceName(await fittingVariant(), mostThreads()),
    options: {},
    destroy: () => {},
  }),
}
