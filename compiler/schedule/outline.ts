/** The facts of an attention that each of its schedules repeats. */
import type { Attention } from '../algebra/attention.ts'
import type { Schedule } from './schedule.ts'

/** Of a schedule without features; one that has some says which, and whose their state is. */
export const outlineOf = ({
  name,
  evaluation,
  dim,
  valueDim,
  mask,
}: Attention): Pick<
  Schedule,
  'name' | 'evaluation' | 'dim' | 'valueDim' | 'features' | 'causal' | 'groups'
> => ({
  name,
  evaluation,
  dim,
  valueDim,
  features: 0,
  causal: mask.kind === 'causal',
  groups: 'kvHeads',
})
