/** What decoding and gradients have of the attention that loads them. */
import type { Drawn } from '../../base-attention.ts'
import type { OnHost } from '../../partial-attention.ts'
import type { FormName, Program } from '../../program.ts'
import type { Engine } from './engine.ts'
import type { Results } from './form-runner.ts'
import type { Inputs } from './inputs.ts'
import type { Session } from './session.ts'

/** The attention, as far as they need it. */
export interface Owner {
  readonly program: Program
  readonly session: Session
  /** Of whom the projection and the weights are. */
  readonly engine: Engine
  /** How many numbers the weights have that were given, by name. */
  readonly weights: Readonly<Record<string, number>>
  readonly onHost: OnHost
  readonly run: Run
  /** The program with all of its forms, which this one is. */
  readonly whole: () => Promise<Program>
}

/**
 * Runs a form with the projection of a call: all dispatches are made before it returns.
 *
 * @param engine that has the form; the attention's own where it is not given
 */
export type Run = (form: FormName, drawn: Drawn, inputs: Inputs, engine?: Engine) => Results
