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
import { AttentionError } from './errors.ts'

export abstract class PartialAttention extends BaseAttention {
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
