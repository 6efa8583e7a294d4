/**
 * WebGPU in Node.js: the `webgpu` package (Dawn), on a GPU or on SwiftShader. Loaded only where there is no
 * `navigator.gpu`, and it imports nothing that a browser's bundler would look for.
 */
export { possibleGpu } from './backends/webgpu/node/gpu-files.ts'
export {
  gpuFor,
  isDeviceAsked,
  nodeGpu,
  type NodeGpu,
  type NodeGpuOptions,
} from './backends/webgpu/node/gpu.ts'
export { type AdapterReport, type Missing, probe, type Probe } from './backends/webgpu/node/probe.ts'
