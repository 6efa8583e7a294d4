/** How an attention on tensors of f16 decodes. */
import type { Attention, CreateOptions } from '../attention.ts'
import type { BaseAttention } from '../base-attention.ts'
import type { Program } from '../program.ts'

/** The members of an attention that have to do with its states. */
export type Decoding = Pick<Attention, 'prefill' | 'step' | 'restore' | 'redraw' | 'backward'>

/** With states of the storage that is asked for; those of f32 are the attention's own. */
export async function decodingOf(
  wide: BaseAttention,
  program: Program,
  { state }: CreateOptions,
): Promise<Decoding> {
  if (state !== 'f16') return wide
  return (await import('./half-decoding.ts')).HalfDecoding.open(wide, program)
}
