/** From a program to an attention that runs: which backend, and what where it is missing. */
import { checkOptions } from './arguments/options.ts'
import type { Attention, CreateOptions } from './attention.ts'
import { AttentionError } from './errors.ts'
import type { Program } from './program.ts'
import { acquireDevice } from './webgpu/device.ts'
import { WebgpuAttention } from './webgpu/webgpu-attention.ts'

/** Said once per process and attention. */
const warned = new Set<string>()

/**
 * Makes a compiled attention ready to run: finds a device, compiles the kernels
 * of the forward pass and uploads projection and weights. Generated modules
 * call it with their own program.
 *
 * @throws TypeError, RangeError for options that are not what they should be
 * @throws AttentionError `no-webgpu`, `no-adapter`, `device-lost`, `limit`, `kernel`, `weights`, `backend`, `program`
 */
export async function createAttention(program: Program, options: CreateOptions = {}): Promise<Attention> {
  if (program.format !== 1) {
    throw new AttentionError(
      'program',
      `This module is in format ${String(program.format)} and its runtime reads format 1. Compile it again.`,
    )
  }
  checkOptions(program, options)
  const backend = options.backend ?? program.target
  if (backend === 'reference') return openReference(program, options)
  if (backend !== program.target || backend === 'gpujs') {
    throw new AttentionError(
      'backend',
      `${program.name} was compiled for ${program.target}, not for ${backend}. Compile it with --target ${backend}.`,
    )
  }
  if (options.device !== undefined) return WebgpuAttention.open(program, options.device, false, options)
  let device: GPUDevice
  try {
    device = await acquireDevice()
  } catch (thrown) {
    if (options.backend !== undefined || !isMissing(thrown)) throw thrown
    return fallBack(program, options, thrown)
  }
  return WebgpuAttention.open(program, device, true, options)
}

const isMissing = (thrown: unknown): thrown is AttentionError =>
  thrown instanceof AttentionError && (thrown.code === 'no-webgpu' || thrown.code === 'no-adapter')

/** Loaded only where it is used. */
async function openReference(program: Program, options: CreateOptions): Promise<Attention> {
  const { ReferenceAttention } = await import('./reference/reference-attention.ts')
  return ReferenceAttention.open(program, options)
}

async function fallBack(
  program: Program,
  options: CreateOptions,
  missing: AttentionError,
): Promise<Attention> {
  // Without the reference, what is worth knowing is why there is no device.
  const attention = await openReference(program, options).catch(() => Promise.reject(missing))
  if (!warned.has(program.name)) {
    warned.add(program.name)
    // oxlint-disable-next-line no-console -- the interface promises it
    console.warn(`attnc: ${program.name} runs on the CPU in float64, which is slow. ${missing.message}`)
  }
  return attention
}
