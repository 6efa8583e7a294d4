/** φ of queries and keys, and the state that carries their sums. */
import { invariant } from '../../diagnostics/invariant.ts'
import { isRecurrent } from '../../semantics/model.ts'
import type { FeatureModel } from '../../semantics/model.ts'
import { constant, divide, variable } from '../../symbolic/build.ts'
import { components, scalarComponents } from '../../symbolic/components.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { simplify } from '../../symbolic/simplify.ts'
import { identity } from '../action.ts'
import type { Action } from '../action.ts'
import { parityInX } from '../parity.ts'
import { projectedPart } from '../projected.ts'
import { scaledTerm } from '../split-term.ts'
import type { FeatureBlock } from '../terms.ts'
import type { Graph } from './graph.ts'
import { recurrence } from './recurrence.ts'

/** One step, which carries sums; where more becomes of them than rows of the head alone say, rows change a state in order. */
export const factorised: Graph = (model, inputs, kernel) => {
  if (isRecurrent(model)) return recurrence(model, inputs, kernel)
  const { feature, projections, decay } = model
  invariant(feature !== undefined, 'features factorise an attention')
  const { query, key, features } = feature
  const count = feature.projected ? projections?.count : undefined
  invariant(feature.projected === (count !== undefined), 'projections are given to projected features alone')
  const made = blocksOf(query, count)
  const score = {
    ...(projections && { projections }),
    features,
    query: made,
    key: sameBlocks(feature) ? made : blocksOf(key, count),
    ...(kernel && { claims: kernel }),
  }
  const action: Action = decay === undefined ? identity : { kind: 'powers', base: decay }
  return [{ kind: 'carry', name: 'read', result: 'out', score, action }]
}

const sameBlocks = ({ query, key }: FeatureModel): boolean => query.every((block, n) => block === key[n])

function blocksOf(blocks: readonly Expression[], projections: number | undefined): readonly FeatureBlock[] {
  return blocks.map((block) =>
    projections === undefined ? rowBlock(block) : projectedBlock(block, projections),
  )
}

/** One feature for each projection row, as a mean over them: φ carries 1/√m. */
function projectedBlock(block: Expression, count: number): FeatureBlock {
  const weighted = divide(scalarComponents(block), constant(Math.sqrt(count)))
  const term = scaledTerm(simplify(weighted))
  const projectedExponent = term.exponent && projectedPart(term.exponent)
  return {
    ...term,
    size: count,
    ...(projectedExponent && { projectedExponent }),
    parity: parityInX(term.value),
  }
}

/** The entries of a block that is computed from the row alone. */
function rowBlock(block: Expression): FeatureBlock {
  const size = block.type.kind === 'vector' ? block.type.size : 1
  const index = size === 1 ? constant(0) : variable('component')
  const term = scaledTerm(simplify(components(block, index)))
  return { ...term, size, parity: parityInX(term.value) }
}
