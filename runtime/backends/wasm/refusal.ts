/** Why the processor is not to be had, or not for a call or for kernels: loaded where it is not. */
import { memberOf } from '../../arguments/member.ts'
import { AttentionError, messageOf } from '../../errors.ts'
import type { FormName, WasmVariant } from '../../program.ts'

const noWasm = (message: string, cause?: unknown): AttentionError =>
  new AttentionError('no-wasm', message, { cause })

export const withoutWasm = (): AttentionError =>
  noWasm('There is no WebAssembly here, or it was switched off.')

export const withoutSimd = (): AttentionError => noWasm('The WebAssembly of this engine has no SIMD.')

/** A policy refuses what is compiled, and not what is validated. */
export const forbidden = (cause: unknown): AttentionError =>
  noWasm(
    `WebAssembly may not be compiled here: ${messageOf(cause)} A page's policy allows it by 'wasm-unsafe-eval' in script-src.`,
    cause,
  )

export const takesNoDevice = (name: string): AttentionError =>
  new AttentionError(
    'backend',
    `${name} would run on WebAssembly, which takes no GPUDevice. Leave out device, or ask for the backend webgpu.`,
  )

/** @param need bytes that the call takes, of those that there can be */
export const overLimit = (name: string, form: FormName, need: number, capacity: number): AttentionError =>
  new AttentionError(
    'limit',
    `${name}.${memberOf(form)} needs ${mebibytes(need)} of memory; WebAssembly has ${mebibytes(capacity)}. ` +
      'Try fewer batch items or heads per call, or a shorter length.',
  )

export const withoutMemory = (): AttentionError =>
  new AttentionError('program', 'The kernels import no memory. Compile the program again.')

export const refusedKernels = (name: string, variant: WasmVariant, cause: unknown): AttentionError =>
  new AttentionError(
    'kernel',
    `This engine refused the kernels of ${name} (${variant}): ${messageOf(cause)}`,
    {
      cause,
    },
  )

const mebibytes = (count: number): string => `${(count / 2 ** 20).toPrecision(4)} MiB`
