/** What members that record commands ask of their arguments. */
import type { CheckedCall } from '../../arguments/call.ts'
import { describe, isBuffer } from '../../arguments/describe.ts'
import { AttentionError } from '../../errors.ts'
import type { Form } from '../../program.ts'

/** Whether a form reads the lengths of a call. */
export const readsLengths = ({ buffers }: Pick<Form, 'buffers'>): boolean =>
  buffers.some(({ name }) => name === 'lengths')

export function requireEncoder(where: string, encoder: GPUCommandEncoder | undefined): void {
  if (!encoder?.beginComputePass)
    throw new TypeError(`${where}: expected a GPUCommandEncoder; it is ${describe(encoder)}.`)
}

/**
 * @throws TypeError for arrays, whose contents would have to outlive the call
 * @throws AttentionError `form` for lengths that no kernel of the form reads
 */
export function requireBuffers(
  where: string,
  { onHost, lengths, queryLengths }: CheckedCall,
  form: Pick<Form, 'buffers'>,
): void {
  if (lengths && !readsLengths(form)) throw new AttentionError('form', `${where} takes no lengths.`)
  if (onHost || [lengths, queryLengths].some((one) => one && !isBuffer(one)))
    throw new TypeError(`${where} takes GPUBuffers, lengths included: what it records runs later.`)
}
