/** The device that an attention runs on: the caller's, or one of its own. */
import { builtInGpu, inNode } from '../../environment.ts'

/** Asked of an adapter in full, so that large shapes fit; every program works within the defaults. */
const wanted = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const

export async function acquireDevice(): Promise<GPUDevice> {
  const { gpu, notes } = await findGpu()
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) throw (await reasons()).noAdapter(notes)
  const requiredFeatures: GPUFeatureName[] = adapter.features.has('timestamp-query')
    ? ['timestamp-query']
    : []
  const requiredLimits = Object.fromEntries(wanted.map((limit) => [limit, adapter.limits[limit]]))
  try {
    return await adapter.requestDevice({ label: 'attnc', requiredFeatures, requiredLimits })
  } catch (cause) {
    throw (await reasons()).noDevice(cause)
  }
}

const reasons = () => import('./no-device.ts')

/** `notes`: what this surrounding says on the devices that it found, where it says something. */
async function findGpu(): Promise<{ gpu: GPU; notes?: readonly string[] }> {
  const gpu = builtInGpu()
  if (gpu !== undefined) return { gpu }
  if (inNode()) return (await import('../../node-gpu.ts')).nodeGpu()
  throw (await reasons()).noGpu()
}

/** What a device is called, for people. */
export function deviceName(device: GPUDevice): string {
  const info = device.adapterInfo as GPUAdapterInfo | undefined
  const words = [info?.description, info?.device, info?.architecture, info?.vendor]
  return words.find((word) => word !== undefined && word !== '') ?? 'WebGPU device'
}
