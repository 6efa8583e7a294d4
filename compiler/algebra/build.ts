/** From the checked spec to the attention as symbolic mathematics. */
import type { AttentionModel } from '../semantics/model.ts'
import { declaredTensors, weightsOf } from '../semantics/model.ts'
import { scalarComponents } from '../symbolic/components.ts'
import { simplify } from '../symbolic/simplify.ts'
import type { Attention } from './attention.ts'
import { divisionOf } from './division.ts'
import { exactBeside, seesBeside } from './graphs/exact.ts'
import { graphs } from './graphs/index.ts'
import type { Inputs } from './graphs/index.ts'
import { scaledTerm } from './split-term.ts'

/** Every expression in component form, simplified, and split into coefficient and exponent. */
export function fromModel(model: AttentionModel): Attention {
  const { name, dim, valueDim, scale, stabilize, evaluation } = model
  return {
    name,
    dim,
    valueDim,
    scale,
    evaluation,
    data: declaredTensors(model),
    ...stepsOf(model),
    division: divisionOf(model),
    stabilize,
  }
}

function stepsOf(model: AttentionModel): Pick<Attention, 'steps' | 'mask'> {
  const { dim, valueDim, mask } = model
  const inputs: Inputs = {
    q: { kind: 'call', of: 'q', width: dim },
    k: { kind: 'call', of: 'k', width: dim },
    v: { kind: 'call', of: 'v', width: valueDim },
    weights: weightsOf(model),
  }
  if (seesBeside(model)) return exactBeside(model, inputs)
  const kernel = model.kernel && scaledTerm(simplify(scalarComponents(model.kernel)))
  return { steps: graphs[model.evaluation](model, inputs, kernel), mask }
}
