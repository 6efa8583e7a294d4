import { AttentionError, messageOf } from '../../../errors.ts'
import { builtin } from '../../../node/builtin.ts'
import { gpuPatterns, possibleGpu } from './gpu-files.ts'
import { destroyOnExit, type Devices } from './leaving.ts'
import { importPackage, isMissing } from '../../../node/packages.ts'
import { setUpVulkan, type SoftwarePolicy, type VulkanSetup } from './vulkan.ts'
import { waitWithoutSpinning } from './waiting.ts'

/** Which devices Dawn is to find. On other systems than Linux only `flags` has an effect. */
export interface NodeGpuOptions {
  /**
   * `auto` (the default): real GPUs first, then SwiftShader, a software device from the npm package
   * `@sparticuz/chromium`, which need not be installed. `only`: SwiftShader alone. `never`: what the system has.
   */
  readonly software?: SoftwarePolicy
  /** The path of a Vulkan driver's ICD manifest, such as lavapipe's: that driver alone. */
  readonly icd?: string
  /** Dawn's own flags, such as `enable-dawn-features=allow_unsafe_apis`. */
  readonly flags?: readonly string[]
}

export interface NodeGpu {
  readonly gpu: GPU
  /** Sentences on what was chosen or is missing; empty when there is nothing to tell. */
  readonly notes: string[]
}

interface Settings {
  readonly software: SoftwarePolicy
  readonly icd: string | undefined
  readonly flags: readonly string[]
}

interface Dawn {
  readonly create: (flags: string[]) => GPU
  readonly globals: Record<string, unknown>
}

/**
 * What this process has opened. It hangs on globalThis for two reasons: the process dies when the object that
 * Dawn's create() returned is collected, and several copies of this file (one per generated module) share it.
 */
interface Registry {
  readonly opened: Map<string, Promise<NodeGpu>>
  /** Every object ever made, also one that turned out to have no adapter. */
  readonly kept: GPU[]
  /** Where they have devices that are to be destroyed when the process exits. */
  devices?: Devices
  /** The environment is changed while one is made, so they are made one after the other. */
  last: Promise<unknown>
}

const REGISTRY = Symbol.for('attnc.node-gpu')

function registry(): Registry {
  const holder = globalThis as { [REGISTRY]?: Registry }
  return (holder[REGISTRY] ??= { opened: new Map(), kept: [], last: Promise.resolve() })
}

/**
 * A `GPU` object for Node.js, from the package `webgpu`. The same one for the same options as long as the
 * process lives; it does not keep the process alive, and need not be freed. Dawn's globals (`GPUBufferUsage`
 * and the like) are defined where they are missing.
 *
 * Without options the environment variable ATTNC_DEVICE is heeded: `swiftshader`, `system` (no SwiftShader), or
 * the path of a Vulkan driver's ICD manifest.
 *
 * In a worker thread, `process.env` is a copy that Vulkan does not see: start the worker with `env: SHARE_ENV`,
 * or set VK_DRIVER_FILES for the whole process.
 *
 * @throws AttentionError `no-webgpu` where the package is missing or does not load, and `no-adapter` where the one
 *   device asked for by `software: 'only'` or `icd` is not to be had. With other options it resolves also where
 *   there is no device at all: `gpu.requestAdapter()` then gives null, and `notes` say why.
 */
export async function nodeGpu(options: NodeGpuOptions = {}): Promise<NodeGpu> {
  const settings = settingsOf(options)
  const known = registry()
  const key = JSON.stringify([settings.software, settings.icd, settings.flags])
  let opening = known.opened.get(key)
  if (opening === undefined) {
    opening = known.last.then(() => open(settings))
    known.opened.set(key, opening)
    // One that failed may be tried again, once the user has installed what was missing.
    known.last = opening.catch(() => known.opened.delete(key))
  }
  const { gpu, notes } = await opening
  return { gpu, notes: [...notes] }
}

/**
 * Where an attention looks for its device.
 *
 * @param software whether a processor that plays a GPU will do, as one does in any case that ATTNC_DEVICE names
 * @returns what `nodeGpu` gives, and whether any device will do
 * @throws AttentionError as `nodeGpu` does, and `no-adapter` where there is no GPU, before Dawn is loaded
 */
export async function gpuFor(software: boolean): Promise<NodeGpu & { readonly any: boolean }> {
  const asked = settingsOf({})
  const any = software || asked.software === 'only' || asked.icd !== undefined
  if (any) return { ...(await nodeGpu()), any }
  if (possibleGpu() !== undefined) return { ...(await nodeGpu({ software: 'never' })), any }
  throw new AttentionError('no-adapter', `There is no GPU: no file ${gpuPatterns}.`)
}

/** Whether ATTNC_DEVICE asks for one device, so that it is worth a word where that is missing. */
export const isDeviceAsked = (): boolean => !['', 'system'].includes(process.env['ATTNC_DEVICE'] ?? '')

/** @throws AttentionError where ATTNC_DEVICE is heeded and names nothing that there is */
function settingsOf({ software, icd, flags = [] }: NodeGpuOptions): Settings {
  const device = process.env['ATTNC_DEVICE']
  if (software !== undefined || icd !== undefined || !device)
    return { software: software ?? 'auto', icd, flags }
  if (device === 'swiftshader') return { software: 'only', icd: undefined, flags }
  if (device === 'system') return { software: 'never', icd: undefined, flags }
  if (device.endsWith('.json')) return { software: 'never', icd: device, flags }
  throw new AttentionError(
    'no-adapter',
    `The environment variable ATTNC_DEVICE is ${JSON.stringify(device)}; it is to be "swiftshader", "system" or ` +
      "the path of a Vulkan driver's ICD manifest (a .json file).",
  )
}

async function open(settings: Settings): Promise<NodeGpu> {
  const dawn = await loadDawn()
  registry().devices ??= destroyOnExit(dawn.globals)
  waitWithoutSpinning(dawn.globals)
  for (const [name, value] of Object.entries(dawn.globals)) {
    if (!(name in globalThis))
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true })
  }
  const one = settings.icd !== undefined || settings.software === 'only'
  const { environment, alone, notes, lacking } = await setUp(settings)
  let { gpu, adapter } = await start(dawn, settings.flags, environment)
  // A Vulkan loader from before 1.3.207 does not know VK_ADD_DRIVER_FILES.
  if (adapter === null && alone !== undefined) ({ gpu, adapter } = await start(dawn, settings.flags, alone))
  if (adapter !== null) {
    const slow = adapter.info.isFallbackAdapter && !one
    return { gpu, notes: slow ? [...notes, noGpu(adapter.info)] : [...notes] }
  }

  const hint = builtin('node:worker_threads').isMainThread
    ? ''
    : ' This is a worker thread, whose process.env is a copy that Vulkan does not see: start it with ' +
      'env: SHARE_ENV, or set VK_DRIVER_FILES before the program starts.'
  if (one) {
    const driver = settings.icd ?? 'SwiftShader'
    throw new AttentionError(
      'no-adapter',
      [`${driver} offers no WebGPU adapter.${hint}`, ...notes, ...lacking].join(' '),
    )
  }
  return { gpu, notes: [...notes, ...lacking, `Dawn found no adapter.${hint}`] }
}

function noGpu({ description, device }: GPUAdapterInfo): string {
  return `No GPU was found, so the processor stands in for one (${description || device}): correct, but slow.`
}

async function loadDawn(): Promise<Dawn> {
  try {
    return (await importPackage('webgpu')) as Dawn
  } catch (cause) {
    throw new AttentionError('no-webgpu', whyNoDawn(cause), { cause })
  }
}

function whyNoDawn(cause: unknown): string {
  const source = 'WebGPU in Node.js comes from the package webgpu, which'
  if (isMissing(cause)) return `${source} is not installed: npm install webgpu@0.6.2`
  const reason = messageOf(cause).split('\n', 1)[0] ?? ''
  const remedy = /GLIBC/.test(reason)
    ? 'This version of it is built for a newer system; webgpu@0.6.2 runs on Debian 12 and later.'
    : 'Try npm install webgpu@0.6.2.'
  return `${source} did not load: ${reason}. ${remedy}`
}

async function setUp({ software, icd }: Settings): Promise<VulkanSetup> {
  if (process.platform === 'linux') {
    try {
      return await setUpVulkan(software, icd)
    } catch (cause) {
      throw new AttentionError('no-adapter', `${capitalised(messageOf(cause))}.`, { cause })
    }
  }
  if (software !== 'only' && icd === undefined) return { environment: {}, notes: [], lacking: [] }
  throw new AttentionError(
    'no-adapter',
    `A Vulkan driver can be chosen on Linux only, and this is ${process.platform}. On Windows, ` +
      "requestAdapter({ forceFallbackAdapter: true }) gives the system's software device.",
  )
}

/** Makes Dawn's instance, which reads the environment when it is first asked for an adapter, and only then. */
async function start(
  { create }: Dawn,
  flags: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ gpu: GPU; adapter: GPUAdapter | null }> {
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, environment)
  try {
    const gpu = create([...flags])
    registry().kept.push(gpu)
    return { gpu, adapter: await gpu.requestAdapter({ powerPreference: 'high-performance' }) }
  } finally {
    // Programs that this process starts are to choose their own drivers.
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}
