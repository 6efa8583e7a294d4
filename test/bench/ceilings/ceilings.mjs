// What this device can do at most, measured in the same run.
import { copyRate } from './copy.mjs'
import { matrixRate } from './matmul.mjs'

/**
 * @typedef {object} Ceilings
 * @property {import('./copy.mjs').CopyRate} copy
 * @property {import('./matmul.mjs').MatrixRate} matmul
 */

/**
 * @param {GPUDevice} device
 * @returns {Promise<Ceilings | undefined>} undefined where the device has no clock that can be read
 */
export async function ceilingsOf(device) {
  if (!device.features.has('timestamp-query')) return undefined
  return { copy: await copyRate(device), matmul: await matrixRate(device) }
}
