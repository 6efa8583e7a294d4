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

/**
 * A device of a GPU.
 *
 * @param software whether a processor that plays one will do: where WebGPU is asked for by name
 * @throws AttentionError `no-webgpu`, `no-adapter`
 */
export async function acquireDevice(software: boolean): Promise<GPUDevice> {
  const { gpu, notes, any } = await findGpu(software)
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  // Browsers had adapters before these said what they are.
  const info: GPUAdapterInfo | undefined = adapter?.info
  if (adapter === null || (!any && isProcessor(info))) throw (await reasons()).noAdapter(info, notes)
  const requiredFeatures = (['timestamp-query', 'shader-f16'] as const).filter((feature) =>
    adapter.features.has(feature),
  )
  const requiredLimits = Object.fromEntries(wanted.map((limit) => [limit, adapter.limits[limit]]))
  try {
    return await adapter.requestDevice({ label: 'attnc', requiredFeatures, requiredLimits })
  } catch (cause) {
    throw (await reasons()).noDevice(cause)
  }
}

const reasons = () => import('./no-device.ts')

interface FoundGpu {
  readonly gpu: GPU
  /** What this surrounding says on the devices that it found, where it says something. */
  readonly notes?: readonly string[]
  /** Whether any device will do. */
  readonly any: boolean
}

async function findGpu(software: boolean): Promise<FoundGpu> {
  const gpu = builtInGpu()
  if (gpu !== undefined) return { gpu, any: software }
  if (inNode()) return (await import('../../node-gpu.ts')).gpuFor(software)
  throw (await reasons()).noGpu()
}

/** What an adapter says of itself, the best first; parts may be missing. */
const wordsOf = (info?: Partial<GPUAdapterInfo>): (string | undefined)[] => [
  info?.description,
  info?.device,
  info?.architecture,
  info?.vendor,
]

/** What a device is called, for people. */
export const deviceName = ({ adapterInfo }: GPUDevice): string =>
  wordsOf(adapterInfo).find(Boolean) ?? 'WebGPU device'

/** Whether an adapter is software: by its flag, which not all browsers have, or by the names of those that there are. */
const isProcessor = (info?: GPUAdapterInfo): boolean =>
  info?.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(wordsOf(info).join())
