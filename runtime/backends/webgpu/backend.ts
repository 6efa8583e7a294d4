/** WebGPU: of a browser, or of the package webgpu in Node.js. */
import { inNode } from '../../environment.ts'
import { isAttentionError } from '../../errors.ts'
import type { Backend } from '../backend.ts'
import { acquireDevice, deviceName } from './device.ts'
import { open } from './open.ts'

/** The record of the backend webgpu. */
export const webgpu: Backend = {
  name: 'webgpu',
  runs: 'kernels',
  readsHalves: true,
  open,
  find: async (asked = false, given) => {
    const device = given ?? (await acquireDevice(asked))
    return {
      device: deviceName(device),
      options: { device },
      // A device of the caller's is left alone.
      destroy: () => {
        if (given === undefined) device.destroy()
      },
    }
  },
  advice: async (missing) => {
    if (!inNode() || !isAttentionError(missing)) return undefined
    const { isDeviceAsked, possibleGpu } = await import('../../node-gpu.ts')
    if (isDeviceAsked()) return missing.message
    const gpu = missing.code === 'no-webgpu' ? possibleGpu() : undefined
    return gpu && `there is ${gpu}, which can be used after npm install webgpu@0.6.2`
  },
}
