/** From the checked spec to the attention as symbolic mathematics. */
import { invariant } from '../diagnostics/invariant.ts'
import type { AttentionModel, FeatureModel } from '../semantics/model.ts'
import { constant, divide, variable } from '../symbolic/build.ts'
import { components, scalarComponents } from '../symbolic/components.ts'
import type { Expression } from '../symbolic/expression.ts'
import { signOf } from '../symbolic/range.ts'
import { simplify } from '../symbolic/simplify.ts'
import type { Attention, FeatureBlock, ScaledTerm, Score } from './attention.ts'
import { splitExponent } from './exponent.ts'
import { parityInX } from './parity.ts'
import { projectedPart } from './projected.ts'

/** Every expression in component form, simplified, and split into coefficient and exponent. */
export function fromModel(model: AttentionModel): Attention {
  const { name, dim, valueDim, scale, mask, decay, normalize, epsilon, stabilize } = model
  return {
    name,
    dim,
    valueDim,
    scale,
    score: scoreOf(model),
    mask,
    ...(decay !== undefined && { decay }),
    normalize,
    epsilon,
    stabilize,
  }
}

function scoreOf({ kernel, feature, projections, landmarks, compress, buckets }: AttentionModel): Score {
  const pair = kernel && scaledTerm(simplify(scalarComponents(kernel)))
  if (feature !== undefined) {
    const { query, key, features } = feature
    const count = feature.projected ? projections?.count : undefined
    invariant(
      feature.projected === (count !== undefined),
      'projections are given to projected features alone',
    )
    const made = blocksOf(query, count)
    return {
      kind: 'factorised',
      ...(projections && { projections }),
      features,
      query: made,
      key: sameBlocks(feature) ? made : blocksOf(key, count),
      ...(pair && { claims: pair }),
    }
  }
  invariant(pair !== undefined, 'an attention has a kernel or a feature')
  if (landmarks !== undefined) return { kind: 'landmarks', kernel: pair, ...landmarks }
  if (compress !== undefined) return { kind: 'compressed', kernel: pair, ...compress }
  if (buckets !== undefined) return { kind: 'bucketed', kernel: pair, ...buckets }
  return { kind: 'exact', kernel: pair }
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

/** Of a simplified expression in component form. */
export function scaledTerm(value: Expression): ScaledTerm {
  return { value, ...splitExponent(value), sign: signOf(value) }
}
