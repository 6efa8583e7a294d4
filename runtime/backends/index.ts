/** The backends. Each is loaded when it is wanted; one without a record does not compile. */
import type { BackendName } from '../contract/backends.ts'
import type { Backend } from './backend.ts'

/** Loads a record. */
export const backends: Readonly<Record<BackendName, () => Promise<Backend>>> = {
  webgpu: async () => (await import('./webgpu/backend.ts')).webgpu,
  wasm: async () => (await import('./wasm/backend.ts')).wasm,
  gpujs: async () => (await import('./gpujs/backend.ts')).gpujs,
  reference: async () => (await import('./reference/backend.ts')).reference,
}
