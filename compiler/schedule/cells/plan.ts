/** The decisions behind the equations of one factorised attention. */
import type { Size } from '../../../runtime/contract/size.ts'
import type { Attention } from '../../algebra/attention.ts'
import type { Groups, Scaling } from '../schedule.ts'

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
  readonly decays: boolean
  readonly rowsOfChunk: number
  /** Chunks of a block. */
  readonly block: number
}
