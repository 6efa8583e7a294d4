/** An attention without a device of WebGPU: what takes one is refused. */
import type {
  DispatchTime,
  EncodeBackwardBuffers,
  EncodeBuffers,
  ForwardCall,
  Sizes,
  Tensor,
} from './attention.ts'
import { BaseAttention } from './base-attention.ts'
import type { Drawn } from './base-attention.ts'
import type { Member } from './calls/apart.ts'
import { withOwn } from './calls/own-call.ts'
import { AttentionError } from './errors.ts'

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
