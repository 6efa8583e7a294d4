/** What is common to calls on f16, wherever their tensors are. */
import type { Tensor } from '../attention.ts'
import { AttentionError } from '../errors.ts'
import { LARGEST } from './half.ts'

/** Names of the tensors that a call brings. */
export const rows = ['q', 'k', 'v'] as const

/** What a member takes, its tensors still to be checked. */
export type WideCall = Readonly<Record<string, unknown>>

/** A member of the attention of f32. */
export interface Covered<R> {
  readonly run: (call: WideCall) => Promise<R>
  /** The result with another tensor in the place of its output. */
  readonly outOf: (result: R, replace: (out: Tensor) => Tensor) => R
  /** Whether its commands are submitted when `run` returns its promise. */
  readonly prompt: boolean
}

export const tooLarge = (where: string, detail: string): AttentionError =>
  new AttentionError(
    'range',
    `${where}: results are larger than ${LARGEST}, the most that f16 holds${detail}. ` +
      "Scale v down, or create the attention without storage: 'f16'.",
  )
