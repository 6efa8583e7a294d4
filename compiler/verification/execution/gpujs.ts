/** Kernels of cells on gpu.js. */
import { gpujsName } from '../../../runtime/gpujs/probe.ts'
import { compiledPlatform } from './compiled.ts'
import type { Platform } from './executor.ts'

/** @throws AttentionError where gpu.js is not there, or finds nothing to run on */
export const gpujsPlatform = async (): Promise<Platform> => compiledPlatform('gpujs', await gpujsName())
