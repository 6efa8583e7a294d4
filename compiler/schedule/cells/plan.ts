/** The decisions behind the equations of one factorised attention. */
import type { Size } from '../../../runtime/contract/size.ts'
import type { Attention } from '../../algebra/attention.ts'
import { add, mul } from '../equation/build.ts'
import type { Formula } from '../equation.ts'
import type { Groups, Scaling } from '../schedule.ts'
import type { CellAction } from './action.ts'

/** Made once in `cells/factorised.ts`, and read by the files of features, states and reading. */
export interface FactorisedPlan {
  readonly attention: Attention
  readonly features: number
  readonly scaling: Scaling
  readonly causal: boolean
  readonly groups: Groups
  /** Query heads of a slice. */
  readonly heads: Size
  readonly queryCoefficients: boolean
  readonly keyCoefficients: boolean
  /** What rows do to a state; `still` where they do nothing. */
  readonly action: CellAction
  readonly rowsOfChunk: number
  /** Chunks of a block. */
  readonly block: number
}

/** Index of a component of φ in a buffer [heads, rows, features]. */
export const featureAt = (
  { features }: FactorisedPlan,
  head: Formula,
  rows: Formula,
  row: Formula,
  feature: Formula,
): Formula => add(mul(add(mul(head, rows), row), features), feature)
