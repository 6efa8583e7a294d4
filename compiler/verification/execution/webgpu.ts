/** Kernels on a WebGPU device. */
import { acquireDevice, deviceName } from '../../../runtime/webgpu/device.ts'
import { compiledPlatform } from './compiled.ts'
import type { Platform } from './executor.ts'

/** On the caller's device, or on one of its own that lives as long as the process. */
export async function webgpuPlatform(given?: GPUDevice): Promise<Platform> {
  const device = given ?? (await acquireDevice())
  return compiledPlatform('webgpu', deviceName(device), { device })
}
