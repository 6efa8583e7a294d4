/** Calls of backends whose tensors are on the host. */
import type { BackendName } from '../contract/backends.ts'
import type { WideTensor } from '../attention.ts'
import { AttentionError } from '../errors.ts'
import type { FormName, Runnable } from '../program.ts'
import type { CheckedCall } from './call.ts'
import type { CallSizes } from './sizes.ts'

/** Checked, and all of it in arrays. */
export interface HostCall {
  readonly sizes: CallSizes
  readonly tensors: ReadonlyMap<string, Float32Array>
  readonly lengths: Uint32Array | undefined
  readonly queryLengths: Uint32Array | undefined
}

/** Tensors of a call on the host, of which none is a buffer. */
export const arraysOf = (tensors: ReadonlyMap<string, WideTensor>): ReadonlyMap<string, Float32Array> =>
  tensors as ReadonlyMap<string, Float32Array>

/**
 * The call, where it is for such a backend.
 *
 * @param member one that the program has a form for
 * @throws AttentionError `backend` where it brings a GPUBuffer, `form` where it brings lengths that nothing reads
 */
export function hostCall(
  program: Runnable,
  backend: BackendName,
  member: FormName,
  { sizes, onHost, tensors, lengths, queryLengths }: CheckedCall,
): HostCall {
  if (!onHost) {
    throw new AttentionError(
      'backend',
      `${program.name}.${member}: the backend ${backend} takes Float32Array, no GPUBuffer.`,
    )
  }
  const { [member]: form } = program.forms
  if (lengths !== undefined && form?.buffers.some(({ name }) => name === 'lengths') !== true) {
    throw new AttentionError(
      'form',
      `${program.name}.${member} was compiled without lengths; pass whole sequences.`,
    )
  }
  return {
    sizes,
    tensors: tensors as ReadonlyMap<string, Float32Array>,
    lengths: lengths as Uint32Array | undefined,
    queryLengths: queryLengths as Uint32Array | undefined,
  }
}
