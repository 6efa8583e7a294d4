/** An attention without a device of WebGPU: what takes one is refused. */
import type { BackwardCall, DispatchTime, EncodeBuffers, ForwardCall, Sizes, Tensor } from './attention.ts'
import { BaseAttention } from './base-attention.ts'
import { AttentionError } from './errors.ts'

export abstract class PartialAttention extends BaseAttention {
  async backward<T extends Tensor>(_call: BackwardCall<T>): Promise<{ dq: T; dk: T; dv: T }> {
    const { requireForm } = await import('./arguments/required-form.ts')
    requireForm(this.program, 'backward')
    throw this.#refusal('backward')
  }

  encode(_encoder: GPUCommandEncoder, _buffers: EncodeBuffers, _sizes: Sizes): void {
    throw this.#refusal('encode')
  }

  async profile(_call: ForwardCall<Tensor>): Promise<readonly DispatchTime[]> {
    throw this.#refusal('profile')
  }

  #refusal(member: string): AttentionError {
    return new AttentionError(
      'backend',
      `${this.name}.${member} is not to be had from the backend ${this.backend}. Try the backend webgpu.`,
    )
  }
}
