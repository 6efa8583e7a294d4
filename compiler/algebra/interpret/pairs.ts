/** Which pairs of rows weigh anything: the mask. */
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import type { Mask } from '../attention.ts'

/** Whether query row i sees key row j, of `keys` visible ones. */
export function visibility(mask: Mask, keys: number): (i: number, j: number) => boolean {
  if (mask.kind === 'none') return () => true
  if (mask.kind === 'causal') return (i, j) => j <= i
  return (i, j) => evaluateScalar(mask.condition, environmentOf({ i, j, length: keys })) !== 0
}
