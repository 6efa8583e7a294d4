/** Run-time weights for attentions that have them: the same ones for all cases. */
import type { ReferenceInputs } from '../../reference/inputs.ts'
import { declaredTensors, weightsOf as givenTo } from '../../semantics/model.ts'
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
  const declared = declaredTensors(model).filter(
    ({ role, optional }) => role === 'weight' && optional !== true,
  )
  const own = declared.map((plan, index) => {
    const heads = plan.heads === 'shared' ? 1 : headsWithWeights
    const [rows, columns] = [plan.shape.slice(0, -1), plan.shape.slice(-1)].map((sizes) =>
      sizes.reduce((product, size) => product * size, 1),
    ) as [number, number]
    return [plan.name, tensor(heads, rows, columns, 97 + index, 1 / Math.sqrt(columns))] as const
  })
  const ofHeads = values.length > 0 || declared.some(({ heads }) => heads !== 'shared')
  return { values: Object.fromEntries([...values, ...own]), heads: ofHeads ? headsWithWeights : undefined }
}

/** The same as the float64 reference takes them. */
export function asReference(model: AttentionModel, values: Weights): Partial<ReferenceInputs> {
  const declared = declaredTensors(model).flatMap(({ name, role }) => {
    const { [name]: weight } = values
    return role === 'weight' && weight ? [[name, weight] as const] : []
  })
  return declared.length === 0 ? values : { ...values, weights: Object.fromEntries(declared) }
}
