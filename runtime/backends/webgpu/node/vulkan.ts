// What Dawn needs of Vulkan on Linux before its first instance: a loader, and drivers named in the environment.
import { messageOf } from '../../../errors.ts'
import { builtin } from '../../../node/builtin.ts'
import { type SoftwareDriver, softwareDriver } from './software.ts'

/**
 * - `auto`: the system's GPUs, and SwiftShader after them
 * - `only`: SwiftShader alone
 * - `never`: what the system has
 */
export type SoftwarePolicy = 'auto' | 'only' | 'never'

/** What to set before an instance is made, and what is worth telling. */
export interface VulkanSetup {
  /** Environment variables for as long as the instance is made. */
  readonly environment: Readonly<Record<string, string>>
  /** The same for SwiftShader alone, where `environment` only adds it to what the system has. */
  readonly alone?: Readonly<Record<string, string>>
  /** Worth telling in any case. */
  readonly notes: readonly string[]
  /** Worth telling where no adapter is found. */
  readonly lacking: readonly string[]
}

/** Drivers of container images that their loader does not look for: the one of NVIDIA on Google's machines. */
const UNUSUAL_MANIFESTS = ['/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json']

/**
 * Prepares Vulkan for Dawn. A real GPU wins where there is one: SwiftShader is added with VK_ADD_DRIVER_FILES to
 * the drivers that the loader finds by itself, and Dawn ranks processors after GPUs. Two software devices, such
 * as lavapipe beside it, come in the loader's order, and what is added comes first. A user's own
 * VK_DRIVER_FILES or VK_ICD_FILENAMES is left alone unless the caller asks for one driver.
 *
 * @param manifest the one driver to use, the path of its ICD manifest
 * @throws Error where that driver, or SwiftShader with `only`, is not to be had
 */
export async function setUpVulkan(
  policy: SoftwarePolicy,
  manifest: string | undefined,
): Promise<VulkanSetup> {
  const notes: string[] = []
  const lacking: string[] = []
  const found = await softwareDriver().catch(messageOf)
  const software = typeof found === 'string' ? undefined : found
  const missing = typeof found === 'string' ? found : undefined

  if (!hasVulkanLoader()) {
    if (software === undefined) lacking.push(`The system has no Vulkan loader (libvulkan.so.1). ${missing}.`)
    else loadLibrary(software.loader)
  }
  if (manifest !== undefined) {
    if (!builtin('node:fs').existsSync(manifest))
      throw new Error(`there is no Vulkan driver manifest ${manifest}`)
    return { environment: alone(manifest), notes, lacking }
  }
  if (policy === 'only') {
    if (software === undefined) throw new Error(missing)
    return { environment: alone(software.manifest), notes, lacking }
  }
  const chosen = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].find((name) => process.env[name])
  if (chosen !== undefined) {
    notes.push(`${chosen} is set, so only the driver it names is used.`)
    return { environment: {}, notes, lacking }
  }
  if (policy === 'auto' && missing !== undefined) lacking.push(`No software device: ${missing}.`)
  return { ...added(policy === 'auto' ? software : undefined), notes, lacking }
}

/** Older loaders than 1.3.207 know the second name only. */
function alone(manifest: string): Record<string, string> {
  return { VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest }
}

function added(software: SoftwareDriver | undefined): Pick<VulkanSetup, 'environment' | 'alone'> {
  const manifests = UNUSUAL_MANIFESTS.filter((path) => builtin('node:fs').existsSync(path))
  if (software !== undefined) manifests.push(software.manifest)
  const users = process.env['VK_ADD_DRIVER_FILES']
  if (users) manifests.unshift(users)
  return {
    environment: manifests.length === 0 ? {} : { VK_ADD_DRIVER_FILES: manifests.join(':') },
    ...(software === undefined ? {} : { alone: alone(software.manifest) }),
  }
}

/** Whether the system itself has a Vulkan loader, or one was loaded before. It is loaded then. */
export function hasVulkanLoader(): boolean {
  return loadLibrary('libvulkan.so.1')
}

const RTLD_NODELETE = 0x1000

/**
 * Loads a shared library into the process to stay, where Dawn's own dlopen of `libvulkan.so.1` then finds it by
 * that name. Node.js loads libraries as addons only and throws for one that is none, after having loaded it;
 * RTLD_NODELETE keeps it when Node.js then closes it.
 */
function loadLibrary(path: string): boolean {
  try {
    process.dlopen({ exports: {} }, path, builtin('node:os').constants.dlopen.RTLD_NOW | RTLD_NODELETE)
    return true
  } catch (error) {
    return messageOf(error).includes('did not self-register')
  }
}
