/** All that an attention is given where nobody gives it anything. */
import type { AttentionModel } from '../../semantics/model.ts'
import { withRandomData } from './declared.ts'
import { type Inputs, randomInputs, type RandomOptions } from './inputs.ts'
import { withRandomWeights } from './weights.ts'

/** q, k and v, what the attention learns, and what its file declares: the same for the same seed. */
export const randomFor = (model: AttentionModel, random: RandomOptions): Inputs =>
  withRandomData(
    withRandomWeights(randomInputs(random, model.dim, model.valueDim), model, random),
    model,
    random.seed,
  )
