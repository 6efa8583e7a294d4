import { messageOf } from '../../../errors.ts'
import { builtin } from '../../../node/builtin.ts'
import { nodeGpu, type NodeGpuOptions } from './gpu.ts'
import { softwareDriver } from './software.ts'
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
    missing.push({
      what: code === 'no-webgpu' ? 'package webgpu' : 'adapter asked for',
      reason: message,
      remedy: code === 'no-webgpu' ? 'npm install webgpu@0.6.2' : 'choose another device',
    })
  }
  if (!adapters.some(({ isFallbackAdapter }) => !isFallbackAdapter)) missing.push(missingGpu())
  if (process.platform === 'linux') missing.push(...(await missingOnLinux()))
  return { adapters, missing, notes }
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
  const devices = [
    ...filesIn('/dev', /^nvidia\d+$/),
    ...filesIn('/dev/dri', /^renderD\d+$/),
    ...filesIn('/dev', /^dxg$/),
  ]
  if (devices.length === 0)
    return {
      what,
      reason: 'there is no GPU device file (/dev/dri/renderD*, /dev/nvidia*)',
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

async function missingOnLinux(): Promise<Missing[]> {
  const missing: Missing[] = []
  const software = await softwareDriver().then(() => undefined, messageOf)
  if (software !== undefined)
    missing.push({ what: 'SwiftShader', reason: software, remedy: 'npm install @sparticuz/chromium' })
  if (!hasVulkanLoader())
    missing.push({
      what: 'Vulkan loader',
      reason: 'neither the system nor @sparticuz/chromium has libvulkan.so.1',
      remedy: 'install libvulkan1 (Debian, Ubuntu), vulkan-loader (Fedora, Alpine), or @sparticuz/chromium',
    })
  return missing
}

function filesIn(directory: string, pattern: RegExp): string[] {
  try {
    const path = builtin('node:path')
    return builtin('node:fs')
      .readdirSync(directory)
      .filter((name) => pattern.test(name))
      .map((name) => path.join(directory, name))
  } catch {
    return []
  }
}
