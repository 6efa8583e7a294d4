/** Why a kernel or a call is refused: loaded where one is. */
import { memberOf } from '../../arguments/member.ts'
import { AttentionError } from '../../errors.ts'
import type { FormName, KernelSource } from '../../program.ts'

/** @param detail what the device says of it */
export function refusal(
  { limits }: GPUDevice,
  label: string,
  { workgroupBytes, workgroupSize, bindings }: KernelSource,
  detail: string,
  cause: unknown,
): AttentionError {
  const needs = [
    ['maxComputeWorkgroupStorageSize', workgroupBytes, 'bytes of workgroup memory'],
    ['maxComputeInvocationsPerWorkgroup', workgroupSize, 'threads a workgroup'],
    ['maxComputeWorkgroupSizeX', workgroupSize, 'threads a workgroup'],
    ['maxStorageBuffersPerShaderStage', bindings.length, 'storage buffers'],
  ] as const
  for (const [limit, need, unit] of needs) {
    const have = limits[limit]
    if (need > have) {
      return new AttentionError(
        'limit',
        `The kernel ${label} needs ${need} ${unit}; this device allows ${have} (${limit}). ` +
          'Request the device with a higher limit where its adapter has it.',
        { cause },
      )
    }
  }
  return new AttentionError('kernel', `The device refused the kernel ${label}: ${detail}`, { cause })
}

/** What the error scopes of a call caught; want of memory is the greater news. */
export const refusedCall = (
  name: string,
  memory: GPUError | null,
  validation: GPUError | null,
): AttentionError =>
  memory
    ? new AttentionError('out-of-memory', `${name}: the device is out of memory. ${memory.message}`)
    : new AttentionError('gpu', `${name}: the device refused the call. ${validation?.message}`)

/** Of a call with lengths, which no kernel reads. */
export const withoutLengths = (name: string, form: FormName): AttentionError =>
  new AttentionError('form', `${name}.${memberOf(form)} was compiled without lengths; pass whole sequences.`)
