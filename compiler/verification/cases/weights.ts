/** Run-time weights for attentions that have them: the same ones for all cases. */
import { weightsOf as givenTo } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import type { Weights } from '../execution/executor.ts'
import { longestKeys, tensor } from './case.ts'

export interface RuntimeWeights {
  readonly values: Weights
  /** Query heads that they are for; absent where there are none. */
  readonly heads: number | undefined
}

const headsWithWeights = 2

/** Those that papers have; landmarks are rows like keys, and weighted sums about as long as their terms. */
export function weightsOf(model: AttentionModel): RuntimeWeights {
  const { dim, scale } = model
  const usual = givenTo(model).filter(({ seldom }) => seldom !== true)
  const values = usual.map(({ name, shape, like }, index) => {
    const sizes = shape.map((size) => (size === 'keyRows' ? longestKeys : size))
    const [columns = 1] = sizes.slice(-1)
    const rows = sizes.slice(0, -1).reduce((product, size) => product * size, 1)
    const deviation = 1 / Math.sqrt(like === 'rows' ? dim * scale : columns)
    return [name, tensor(headsWithWeights, rows, columns, 77 + index, deviation)] as const
  })
  return { values: Object.fromEntries(values), heads: values.length === 0 ? undefined : headsWithWeights }
}
