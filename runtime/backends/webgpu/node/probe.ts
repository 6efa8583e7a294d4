import { messageOf } from '../../../errors.ts'
import { filesIn, gpuFiles, gpuPatterns, possibleGpu } from './gpu-files.ts'
import { nodeGpu, type NodeGpuOptions } from './gpu.ts'
import { hasVulkanLoader } from './vulkan.ts'

/** An adapter as WebGPU describes it. */
export interface AdapterReport {
  readonly vendor: string
  readonly architecture: string
  readonly device: string
  readonly description: string
  /** A software device. */
  readonly isFallbackAdapter: boolean
  /** Invocations of a subgroup, smallest and largest, where the adapter has subgroups. */
  readonly subgroupSizes: readonly [number, number] | undefined
  readonly features: readonly string[]
  /** Sizes in bytes and counts, by WebGPU's names. */
  readonly limits: Readonly<Record<string, number>>
}

/** Something that is not there. */
export interface Missing {
  readonly what: string
  readonly reason: string
  /** What may help, as an imperative. */
  readonly remedy: string
}

export interface Probe {
  /** All that were found; the first is the one that is used by default. */
  readonly adapters: readonly AdapterReport[]
  readonly missing: readonly Missing[]
  readonly notes: readonly string[]
}

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const

/**
 * Looks for WebGPU adapters in Node.js and for the reasons why there are not more. It never rejects: what goes
 * wrong is among what is missing.
 */
export async function probe(options: NodeGpuOptions = {}): Promise<Probe> {
  const missing: Missing[] = []
  const adapters: AdapterReport[] = []
  const notes: string[] = []
  try {
    const opened = await nodeGpu(options)
    notes.push(...opened.notes)
    adapters.push(...(await adaptersOf(opened.gpu, options)))
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === 'no-webgpu') return { adapters, missing: missingPackage(message), notes }
    missing.push({ what: 'adapter asked for', reason: message, remedy: 'choose another device' })
  }
  if (!adapters.some(({ isFallbackAdapter }) => !isFallbackAdapter)) missing.push(missingGpu())
  if (process.platform === 'linux' && gpuFiles().length > 0 && !hasVulkanLoader())
    missing.push(missingLoader())
  return { adapters, missing, notes }
}

/** Where there is no GPU, the package would be of no use, and so is not missing. */
function missingPackage(reason: string): Missing[] {
  const gpu = possibleGpu()
  if (gpu === undefined) return []
  const what = 'package webgpu'
  return [{ what, reason: `there is ${gpu}. ${reason}`, remedy: 'npm install webgpu@0.6.2' }]
}

/** The adapters that WebGPU's own preferences lead to, and those that only Dawn's list of names shows. */
async function adaptersOf(gpu: GPU, options: NodeGpuOptions): Promise<AdapterReport[]> {
  const found = new Map<string, AdapterReport>()
  const add = (adapter: GPUAdapter | null): void => {
    if (adapter === null) return
    const report = reportOf(adapter)
    const key = nameKey(report.device)
    if (!found.has(key)) found.set(key, report)
  }
  add(await gpu.requestAdapter({ powerPreference: 'high-performance' }))
  add(await gpu.requestAdapter({ powerPreference: 'low-power' }))
  add(await gpu.requestAdapter({ forceFallbackAdapter: true }))
  if (found.size === 0) return []
  for (const name of await namesOf(options)) {
    if (found.has(nameKey(name))) continue
    const flags = [...(options.flags ?? []), `adapter=${name}`]
    const other = await nodeGpu({ ...options, flags }).catch(() => undefined)
    add((await other?.gpu.requestAdapter().catch(() => null)) ?? null)
  }
  return [...found.values()]
}

/** A name in the form in which WebGPU shows it: Dawn's list has it as the driver wrote it. */
function nameKey(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
}

/** The names of all adapters, which Dawn lists when asked for one that does not exist; empty if it should not. */
async function namesOf(options: NodeGpuOptions): Promise<string[]> {
  const flags = [...(options.flags ?? []), 'adapter=(none of this name)']
  const list = await nodeGpu({ ...options, flags }).then(() => '', messageOf)
  return [...list.matchAll(/name: '(.*)'$/gm)].flatMap(([, name]) => (name === undefined ? [] : [name]))
}

function reportOf({ info, features, limits }: GPUAdapter): AdapterReport {
  const { vendor, architecture, device, description, isFallbackAdapter, subgroupMinSize, subgroupMaxSize } =
    info
  return {
    vendor,
    architecture,
    device,
    description,
    isFallbackAdapter,
    subgroupSizes: features.has('subgroups') ? [subgroupMinSize, subgroupMaxSize] : undefined,
    features: [...features].sort(),
    limits: Object.fromEntries(LIMITS.map((name) => [name, limits[name]])),
  }
}

function missingGpu(): Missing {
  const what = 'GPU'
  if (process.platform !== 'linux')
    return {
      what,
      reason: `Dawn found no GPU on ${process.platform}`,
      remedy: 'see whether the graphics driver is installed and up to date',
    }
  const devices = gpuFiles()
  if (devices.length === 0)
    return {
      what,
      reason: `there is no GPU device file ${gpuPatterns}`,
      remedy:
        'run on a machine with a GPU; into a container, pass it (--device /dev/dri, or --gpus all with ' +
        'NVIDIA_DRIVER_CAPABILITIES=all)',
    }
  const folders = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d']
  const manifests = folders.flatMap((folder) => filesIn(folder, /\.json$/))
  if (manifests.length === 0)
    return {
      what,
      reason: `there is ${devices.join(', ')}, but no Vulkan driver in ${folders.join(', ')}`,
      remedy:
        "install the GPU's Vulkan driver (AMD, Intel: mesa-vulkan-drivers; NVIDIA: the libnvidia-gl of the kernel " +
        'driver’s version), or name its ICD manifest in VK_DRIVER_FILES',
    }
  return {
    what,
    reason: `there are ${devices.join(', ')} and ${manifests.join(', ')}, but Vulkan gives no GPU that Dawn takes`,
    remedy:
      'see who may read the device files, and what VK_LOADER_DEBUG=error,warn and vulkaninfo --summary say',
  }
}

function missingLoader(): Missing {
  return {
    what: 'Vulkan loader',
    reason: 'the system has no libvulkan.so.1',
    remedy: 'install libvulkan1 (Debian, Ubuntu) or vulkan-loader (Fedora, Alpine)',
  }
}
