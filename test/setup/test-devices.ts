// The devices that kernels are tested on, each opened once in a test process.
import { nodeGpu } from '../../runtime/node-gpu.ts'
import { recordDevice, recordSkippedDevice } from './devices.ts'

export interface TestDevice {
  readonly name: string
  readonly device: GPUDevice
}

interface Configuration {
  readonly name: string
  readonly options: Parameters<typeof nodeGpu>[0]
}

/** Its ICD file, where there is one. */
export const lavapipe = process.env['ATTNC_LAVAPIPE_ICD']

const configurations: readonly Configuration[] = [
  { name: 'SwiftShader', options: { software: 'only' } },
  ...(lavapipe === undefined ? [] : [{ name: 'lavapipe', options: { icd: lavapipe } }]),
]

/** Names of the configurations, for `describe.each`; a device that is not to be had is named in the summary. */
export const deviceNames: readonly string[] = configurations.map(({ name }) => name)

/** Everything on every device, and not what one is enough for on the first: a run of its own, and a long one. */
export const everyDevice = process.env['ATTNC_EVERY_DEVICE'] !== undefined

/**
 * For what holds on every device if it holds on one. Software devices take seconds to compile a kernel, lavapipe up
 * to half a minute. Some of the published tensors, what a row may see, and two specs are held on all.
 */
export const enoughDevices = everyDevice ? deviceNames : deviceNames.slice(0, 1)

if (lavapipe === undefined) recordSkippedDevice('lavapipe', 'ATTNC_LAVAPIPE_ICD does not name its ICD file')

const opened = new Map<string, Promise<GPUDevice>>()

/** The default limits of WebGPU, no features and no more, so that what runs here runs everywhere. */
export function testDevice(name: string): Promise<GPUDevice> {
  const known = opened.get(name)
  if (known !== undefined) return known
  const opening = open(name)
  opened.set(name, opening)
  return opening
}

async function open(name: string): Promise<GPUDevice> {
  const configuration = configurations.find((one) => one.name === name)
  if (configuration === undefined) throw new Error(`no test device is called ${name}`)
  const { gpu } = await nodeGpu(configuration.options)
  const adapter = await gpu.requestAdapter()
  if (adapter === null) throw new Error(`${name}: Dawn gives no adapter`)
  const device = await adapter.requestDevice({ label: name })
  recordDevice(`${name} (${adapter.info.description || adapter.info.device || adapter.info.vendor}, Dawn)`)
  return device
}
