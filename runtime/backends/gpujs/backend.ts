/** gpu.js: WebGL 2 in browsers, WebAssembly elsewhere. */
import type { Backend } from '../backend.ts'
import { open } from './open.ts'
import { gpujsName } from './probe.ts'

/** The record of the backend gpujs. */
export const gpujs: Backend = {
  name: 'gpujs',
  runs: 'kernels',
  open,
  find: async () => ({ device: await gpujsName(), options: {}, destroy: () => {} }),
}
