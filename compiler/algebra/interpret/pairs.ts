/** Which pairs of rows weigh anything, and how much of it is left: the mask and the decay. */
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import type { Attention, Mask } from '../attention.ts'

/** γ of a head. */
export const gammaOf = ({ decay }: Attention, head: number): number =>
  decay === undefined ? 1 : evaluateScalar(decay, environmentOf({ head }))

/** Whether query row i sees key row j, of `keys` visible ones. */
export function visibility(mask: Mask, keys: number): (i: number, j: number) => boolean {
  if (mask.kind === 'none') return () => true
  if (mask.kind === 'causal') return (i, j) => j <= i
  return (i, j) => evaluateScalar(mask.condition, environmentOf({ i, j, length: keys })) !== 0
}
