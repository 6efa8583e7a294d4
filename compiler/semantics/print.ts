/**
 * A checked attention as text: what `attnc explain` shows and what golden files
 * hold. Every setting is there, given or by default, with constants as numbers.
 */
import type { Expression } from '../symbolic/expression.ts'
import { print as printExpression } from '../symbolic/print.ts'
import type {
  AttentionModel,
  BucketsModel,
  FeatureModel,
  LandmarksModel,
  MaskModel,
  ProjectionsModel,
  StabilizeModel,
} from './model.ts'

export function printAttention(model: AttentionModel): string {
  const { kernel, feature, projections, landmarks, compress, buckets, decay } = model
  const lines: [string, string][] = [
    ['dim', String(model.dim)],
    ['value_dim', String(model.valueDim)],
    ['scale', String(model.scale)],
    ...(kernel ? [line('kernel', printExpression(kernel))] : []),
    ...(feature ? printFeature(feature) : []),
    ...(projections ? [line('projections', printProjections(projections))] : []),
    ...(landmarks ? printLandmarks(landmarks) : []),
    ...(compress ? [line('compress', `${compress.count} ${compress.source}`)] : []),
    ...(buckets ? [line('buckets', printBuckets(buckets))] : []),
    ['mask', printMask(model.mask)],
    ...(decay ? [line('decay', printExpression(decay))] : []),
    ['normalize', model.normalize],
    ['epsilon', String(model.epsilon)],
    ['stabilize', printStabilize(model.stabilize)],
  ]
  const width = Math.max(...lines.map(([label]) => label.length)) + 2
  const body = lines.map(([label, value]) => `  ${label.padEnd(width)}${value}\n`)
  return `attention ${model.name}, ${model.evaluation}\n${body.join('')}`
}

const line = (label: string, value: string): [string, string] => [label, value]

function printFeature({ name, projected, query, key, features }: FeatureModel): [string, string][] {
  const kind = projected ? 'projected, ' : ''
  const head = line('feature', `${name}, ${kind}${features} features`)
  if (query === key) return [head, line('  φ(x)', printBlocks(query))]
  return [head, line('  φ(q)', printBlocks(query)), line('  φ(k)', printBlocks(key))]
}

const printBlocks = (blocks: readonly Expression[]): string => `[${blocks.map(printExpression).join(', ')}]`

const printProjections = ({ count, coupling, fixedNorm, seed }: ProjectionsModel): string =>
  `${count} ${coupling}${fixedNorm ? ' fixed_norm' : ''} seed ${seed}`

const printLandmarks = ({ count, source, pinv, conv }: LandmarksModel): [string, string][] => [
  line('landmarks', `${count} ${source}`),
  line('pinv', String(pinv)),
  line('conv', conv === undefined ? 'none' : String(conv)),
]

const printBuckets = ({ count, rounds, chunk, seed }: BucketsModel): string =>
  `${count} rounds ${rounds} chunk ${chunk} seed ${seed}`

const printMask = (mask: MaskModel): string =>
  mask.kind === 'condition' ? printExpression(mask.condition) : mask.kind

const printStabilize = (stabilize: StabilizeModel): string =>
  stabilize.kind === 'max' ? `max ${stabilize.epsilon}` : stabilize.kind
