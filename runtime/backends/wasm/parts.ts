/** What decoding and gradients have of the attention that loads them. */
import type { Drawn } from '../../base-attention.ts'
import type { OnHost } from '../../partial-attention.ts'
import type { Program } from '../../program.ts'
import type { OwnBlocks } from './blocks.ts'
import type { Engine, FormName, Inputs, Outputs } from './engine.ts'
import type { Machine } from './machine.ts'

/** The attention, as far as they need it. */
export interface Parts {
  readonly program: Program
  readonly machine: Machine
  readonly own: OwnBlocks
  readonly engine: Engine
  readonly onHost: OnHost
  /** How many numbers the weights have that were given, by name. */
  readonly weights: Readonly<Record<string, number>>
  readonly run: Run
  /** The program with all of its forms; the attention then has them, too. */
  readonly whole: () => Promise<Program>
}

/**
 * Runs a form, with no await before what is given has been read; gives its outputs by name.
 *
 * @param engine that has the form; the attention's own where it is not given
 */
export type Run = (form: FormName, drawn: Drawn, inputs: Inputs, engine?: Engine) => Promise<Outputs>
