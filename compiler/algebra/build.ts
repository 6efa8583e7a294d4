/** From the checked spec to the attention as symbolic mathematics. */
import type { AttentionModel } from '../semantics/model.ts'
import { weightsOf } from '../semantics/model.ts'
import { scalarComponents } from '../symbolic/components.ts'
import { simplify } from '../symbolic/simplify.ts'
import type { Attention, RowOperation } from './attention.ts'
import { divisionOf } from './division.ts'
import { graphs } from './graphs/index.ts'
import type { Inputs } from './graphs/index.ts'
import { scaledTerm } from './split-term.ts'

/** Every expression in component form, simplified, and split into coefficient and exponent. */
export function fromModel(model: AttentionModel): Attention {
  const { name, dim, valueDim, scale, mask, stabilize, evaluation } = model
  return {
    name,
    dim,
    valueDim,
    scale,
    evaluation,
    steps: stepsOf(model),
    mask,
    division: divisionOf(model),
    stabilize,
  }
}

function stepsOf(model: AttentionModel): readonly RowOperation[] {
  const { dim, valueDim } = model
  const kernel = model.kernel && scaledTerm(simplify(scalarComponents(model.kernel)))
  const inputs: Inputs = {
    q: { kind: 'call', of: 'q', width: dim },
    k: { kind: 'call', of: 'k', width: dim },
    v: { kind: 'call', of: 'v', width: valueDim },
    weights: weightsOf(model),
  }
  return graphs[model.evaluation](model, inputs, kernel)
}
