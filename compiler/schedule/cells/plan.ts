/** What the equations of one factorised attention have in common. */
import type { Size } from '../../../runtime/contract/size.ts'
import type { Attention } from '../../algebra/attention.ts'
import type { Scaling, Schedule } from '../schedule.ts'

/** The decisions that its passes share. */
export interface FactorisedPlan {
  readonly attention: Attention
  readonly features: number
  readonly scaling: Scaling
  readonly causal: boolean
  readonly groups: Schedule['groups']
  /** Query heads of a slice. */
  readonly heads: Size
  readonly queryCoefficients: boolean
  readonly keyCoefficients: boolean
  readonly decays: boolean
  readonly rowsOfChunk: number
  /** Chunks of a block. */
  readonly block: number
}
