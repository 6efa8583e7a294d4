/** An attention whose tensors are on the host: what takes a device of WebGPU is refused. */
import type { CheckedCall } from './arguments/call.ts'
import type {
  DispatchTime,
  EncodeBackwardBuffers,
  EncodeBuffers,
  ForwardCall,
  Sizes,
  Tensor,
} from './attention.ts'
import type { CallSizes } from './arguments/sizes.ts'
import { BaseAttention } from './base-attention.ts'
import type { Drawn } from './base-attention.ts'
import type { Member } from './calls/apart.ts'
import { withOwn } from './calls/own-call.ts'
import { AttentionError } from './errors.ts'
import type { FormName, Runnable } from './program.ts'

/** A call, checked, and all of it in arrays. */
export interface HostCall {
  readonly sizes: CallSizes
  readonly tensors: ReadonlyMap<string, Float32Array>
  readonly lengths: Uint32Array | undefined
  readonly queryLengths: Uint32Array | undefined
}

/**
 * The call, where it is for a backend that takes arrays.
 *
 * @param member one that the program has a form for
 * @param program whose form it is; the attention's own where it is not given
 * @throws AttentionError `backend` where it brings a GPUBuffer, `form` where it brings lengths that nothing reads
 */
export type OnHost = (member: FormName, checked: CheckedCall, program?: Runnable) => HostCall

export abstract class PartialAttention extends BaseAttention {
  /** The result of a call with heads inside rows, by one where they are apart; undefined where they are apart already. */
  protected turned<R>(
    member: Member,
    call: { readonly layout?: unknown } | undefined,
    drawn: Drawn,
  ): Promise<R> | undefined {
    if (call?.layout !== 'blhd') return undefined
    return withOwn(call, async (own) => {
      const { apart } = await import('./calls/apart.ts')
      return apart(this, member, own, drawn, this.program.tensors) as Promise<R>
    })
  }

  protected readonly onHost: OnHost = (member, checked, program = this.program) => {
    const where = `${this.name}.${member}`
    this.requireArrays(where, checked)
    const { sizes, tensors, lengths, queryLengths } = checked
    if (lengths !== undefined && !program.forms[member]?.buffers.some(({ name }) => name === 'lengths'))
      throw new AttentionError('form', `${where} was compiled without lengths; pass whole sequences.`)
    return { sizes, tensors, lengths, queryLengths } as HostCall
  }

  /** @throws AttentionError `backend` */
  protected requireArrays(where: string, { onHost }: CheckedCall): void {
    if (!onHost)
      throw new AttentionError(
        'backend',
        `${where}: the backend ${this.backend} takes Float32Array, no GPUBuffer.`,
      )
  }

  encode(_encoder: GPUCommandEncoder, _buffers: EncodeBuffers, _sizes: Sizes): void {
    throw this.#refusal('encode')
  }

  encodeBackward(_encoder: GPUCommandEncoder, _buffers: EncodeBackwardBuffers, _sizes: Sizes): void {
    throw this.#refusal('encodeBackward')
  }

  async profile(_call: ForwardCall<Tensor>): Promise<readonly DispatchTime[]> {
    throw this.#refusal('profile')
  }

  #refusal(member: string): AttentionError {
    return new AttentionError(
      'backend',
      `${this.name}.${member} is for WebGPU, and this attention runs on ${this.device}. Create it with the backend webgpu.`,
    )
  }
}
