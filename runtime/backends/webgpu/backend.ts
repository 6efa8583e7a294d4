/** WebGPU: of a browser, or of the package webgpu in Node.js. */
import type { Backend } from '../backend.ts'
import { acquireDevice, deviceName } from './device.ts'
import { open } from './open.ts'

/** The record of the backend webgpu. */
export const webgpu: Backend = {
  name: 'webgpu',
  runs: 'kernels',
  open,
  find: async (given) => {
    const device = given ?? (await acquireDevice())
    return {
      device: deviceName(device),
      options: { device },
      // A device of the caller's is left alone.
      destroy: () => {
        if (given === undefined) device.destroy()
      },
    }
  },
}
