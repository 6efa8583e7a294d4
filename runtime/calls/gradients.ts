/** The program of an attention's gradients, and calls for them; loaded where there is one. */
import type { Gradients, Tensor } from '../attention.ts'
import { AttentionError } from '../errors.ts'
import type { GradientProgram, Program } from '../program.ts'

/** Loads the gradients of a program. @throws AttentionError `form` where it has none */
export async function gradientsOf({ name, gradients }: Program): Promise<GradientProgram> {
  const { program, underivable } = (await gradients?.()) ?? {}
  if (program) return program
  const why = underivable === undefined ? '' : `, since ${underivable}`
  throw new AttentionError('form', `${name} has no gradients${why}.`)
}

/** Gradients by the names of the interface. */
export function namedGradients<T extends Tensor>(outputs: ReadonlyMap<string, T>): Gradients<T> {
  return Object.fromEntries(outputs) as unknown as Gradients<T>
}
