/** The invariants of `model.ts`. What fails here is the compiler's defect, never the file's. */
import { invariant } from '../diagnostics/invariant.ts'
import type { Expression } from '../symbolic/expression.ts'
import type { AttentionModel, BucketsModel, CheckedFile, Evaluation, FeatureModel } from './model.ts'

export function verify({ attentions }: CheckedFile): void {
  attentions.forEach(verifyAttention)
}

function verifyAttention(model: AttentionModel): void {
  const { name, kernel, feature, projections, landmarks, compress, buckets, mask, decay } = model
  const { evaluation } = model
  const promise = (condition: unknown, what: string): void => {
    invariant(condition, `${name}: ${what}`)
  }
  promise(isCount(model.dim) && isCount(model.valueDim), 'widths are positive integers')
  promise(Number.isFinite(model.scale) && model.scale > 0, 'scale is positive and finite')
  promise(Number.isFinite(model.epsilon) && model.epsilon >= 0, 'epsilon is nonnegative and finite')
  const ways = waysOf(model)
  promise(ways.length <= 1, `evaluation is ${ways.join(' or ')}, of which it can be one`)
  const expected = ways[0] ?? 'exact'
  promise(evaluation === expected, `what is declared is evaluated as ${expected}, not as ${evaluation}`)
  promise(evaluation === 'factorised' || kernel !== undefined, `${evaluation} evaluation has a kernel`)
  promise(
    (projections !== undefined) === (feature?.projected === true),
    'projections go with a projected feature',
  )
  if (projections) promise(isCount(projections.count), 'the number of projections is a positive integer')
  if (landmarks)
    promise(isCount(landmarks.count) && isCount(landmarks.pinv), 'landmarks and pinv are positive integers')
  if (landmarks?.conv !== undefined) promise(landmarks.conv % 2 === 1, 'conv is odd')
  if (compress) promise(isCount(compress.count), 'the number of pooled rows is a positive integer')
  if (compress ?? landmarks) promise(mask.kind === 'none', 'what sees the whole sequence is not masked')
  if (buckets) verifyBuckets(buckets, promise)
  if (kernel) {
    promise(kernel.type.kind === 'scalar', 'the kernel is a scalar')
    promise(isClosed(kernel, ['q', 'k']), 'the kernel is closed over q and k, in user form')
  }
  if (mask.kind === 'condition') {
    promise(evaluation === 'exact' || evaluation === 'bucketed', 'a condition as mask is held against pairs')
    promise(mask.condition.type.kind === 'boolean', 'a mask is a condition')
    promise(isClosed(mask.condition, ['i', 'j', 'length']), 'the mask is closed over i, j and length')
  }
  if (decay) {
    promise(mask.kind === 'causal' && evaluation === 'factorised', 'decay is causal and factorised')
    promise(decay.type.kind === 'scalar' && isClosed(decay, ['head']), 'decay is a scalar closed over head')
  }
  if (feature) verifyFeature(feature, projections?.count, promise)
}

function waysOf({ feature, landmarks, compress, buckets }: AttentionModel): readonly Evaluation[] {
  return [
    ...(feature ? (['factorised'] as const) : []),
    ...(landmarks ? (['landmarks'] as const) : []),
    ...(compress ? (['compressed'] as const) : []),
    ...(buckets ? (['bucketed'] as const) : []),
  ]
}

function verifyBuckets(
  { count, rounds, chunk, seed }: BucketsModel,
  promise: (condition: unknown, what: string) => void,
): void {
  promise(isCount(count) && count % 2 === 0, 'the number of buckets is positive and even')
  promise(isCount(rounds) && isCount(chunk), 'rounds and chunk are positive integers')
  promise(Number.isSafeInteger(seed) && seed >= 0, 'the seed is a nonnegative integer')
}

function verifyFeature(
  feature: FeatureModel,
  projections: number | undefined,
  promise: (condition: unknown, what: string) => void,
): void {
  const names = ['x', 'position', 'length', ...(feature.projected ? ['w'] : [])]
  promise(
    feature.query.length === feature.key.length && feature.query.length > 0,
    'query and key have equally many blocks',
  )
  for (const side of [feature.query, feature.key]) {
    for (const block of side) {
      promise(isClosed(block, names), 'a block is closed over x, w, position and length, in user form')
      promise(
        block.type.kind === 'scalar' || (block.type.kind === 'vector' && !feature.projected),
        'a block has its type',
      )
    }
    const count =
      projections === undefined
        ? side.reduce((sum, { type }) => sum + (type.kind === 'vector' ? type.size : 1), 0)
        : side.length * projections
    promise(count === feature.features, 'query and key have the same number of features')
  }
}

const isCount = (value: number): boolean => Number.isInteger(value) && value > 0

/** User form, with no variables but these. */
function isClosed(expression: Expression, names: readonly string[]): boolean {
  switch (expression.kind) {
    case 'constant':
      return Number.isFinite(expression.value)
    case 'variable':
      return names.includes(expression.name)
    case 'apply':
      return expression.args.every((arg) => isClosed(arg, names))
    case 'element':
    case 'reduce':
      return false
  }
}
