// The device of the benchmark, and the environment in which the peer's own Dawn finds the same one.
import { env } from 'node:process'

/** @typedef {import('../../runtime/node-gpu.ts').NodeGpuOptions} NodeGpuOptions */
/** @typedef {import('../../runtime/node-gpu.ts').NodeGpu} NodeGpu */

/** Timestamps to the nanosecond: Dawn rounds them to 100 µs, against fingerprinting, unless told not to. */
const flags = ['disable-dawn-features=timestamp_quantization']

/**
 * @param {(options: NodeGpuOptions) => Promise<NodeGpu>} nodeGpu
 * @param {string | undefined} icd
 */
export async function openDevice(nodeGpu, icd) {
  const { gpu, notes } = await nodeGpu(icd === undefined ? { flags } : { icd, flags })
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) throw new Error(['There is no WebGPU adapter.', ...notes].join(' '))
  /** @type {GPUFeatureName[]} */
  const requiredFeatures = adapter.features.has('timestamp-query') ? ['timestamp-query'] : []
  const device = await adapter.requestDevice({ label: 'benchmark', requiredFeatures })
  const { description, device: model, vendor, architecture, isFallbackAdapter } = adapter.info
  return {
    device,
    name: description || model || vendor || 'WebGPU device',
    details: { description, device: model, vendor, architecture, software: isFallbackAdapter },
    notes,
  }
}

/**
 * Leaves the peer one Vulkan driver to find, the one that was opened here. On a GPU the system's own drivers are
 * left as they are: among them the peer, too, takes the GPU.
 * @param {string} name of the device
 * @param {string | undefined} icd
 * @param {() => Promise<{ readonly manifest: string }>} softwareDriver SwiftShader's
 */
export async function leadPeerTo(name, icd, softwareDriver) {
  const chosen = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].some((variable) => env[variable])
  const manifest =
    icd ?? (!chosen && /swiftshader/i.test(name) ? (await softwareDriver()).manifest : undefined)
  // Older Vulkan loaders know the second name only.
  if (manifest !== undefined) Object.assign(env, { VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest })
}
