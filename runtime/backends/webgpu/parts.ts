/** What decoding, gradients and measuring have of the attention that loads them. */
import type { Tensor } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import type { Program } from '../../program.ts'
import type { Engine, FormName, Inputs } from './engine.ts'
import type { Session } from './session.ts'

/** The attention, as far as they need it. */
export interface Parts {
  readonly program: Program
  readonly session: Session
  readonly engine: Engine
  /** How many numbers the weights have that were given, by name. */
  readonly weights: Readonly<Record<string, number>>
  readonly run: Run
  /** The program with all of its forms; the attention then has them, too. */
  readonly whole: () => Promise<Program>
  /** Has the attention go on with further forms of its program. */
  readonly extend: (program: Program) => void
}

/**
 * Runs a form, with no await before its commands are submitted; gives its outputs by name.
 *
 * @param engine that has the form; the attention's own where it is not given
 */
export type Run = (
  form: FormName,
  drawn: Drawn,
  inputs: Inputs,
  engine?: Engine,
) => Promise<ReadonlyMap<string, Tensor>>
