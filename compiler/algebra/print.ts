/** The attention as text: what `explain` shows of this stage, and its golden. */
import { print as printExpression } from '../symbolic/print.ts'
import { carriesScales } from './attention.ts'
import type {
  Attention,
  BucketedScore,
  CompressedScore,
  FactorisedScore,
  FeatureBlock,
  LandmarkScore,
  Mask,
  ScaledTerm,
  Stabilize,
} from './attention.ts'

/** One line a fact; expressions as the language writes them. */
export function print(attention: Attention): string {
  return [...describe(attention), ''].join('\n')
}

function describe(attention: Attention): readonly string[] {
  const { name, dim, valueDim, scale, score, mask, decay, normalize, epsilon, stabilize } = attention
  return [
    `attention ${name}`,
    `  rows        q, k of ${dim}, v of ${valueDim}; q and k times ${Math.sqrt(scale)}`,
    `  weights     ${weights(attention)}`,
    `  mask        ${printMask(mask)}`,
    ...(decay === undefined ? [] : [`  decay       γ = ${printExpression(decay)}`]),
    `  normalize   ${normalize === 'sum' ? `by the sum of the weights${epsilon > 0 ? ` + ${epsilon}` : ''}` : 'no'}`,
    `  stabilize   ${printStabilize(stabilize)}`,
    ...(score.kind === 'factorised' ? printFactors(score) : printTerm('kernel', score.kernel)),
    ...(score.kind === 'landmarks' ? printLandmarks(score) : []),
    ...(score.kind === 'compressed' ? printPooling(score) : []),
    ...(score.kind === 'bucketed' ? printBuckets(score) : []),
    ...(score.kind === 'factorised' ? printState(score, attention) : []),
  ]
}

function weights({ score, decay }: Attention): string {
  const discount = decay === undefined ? '' : 'γ^(i - j) · '
  if (score.kind === 'factorised') return `${discount}φq(q_i) · φk(k_j), ${score.features} features`
  return `${discount}${pairWeights[score.kind]}`
}

const pairWeights = {
  exact: 'κ(q_i, k_j)',
  landmarks: 'κ through landmark rows',
  compressed: 'κ(q_i, k̄_n) of pooled rows',
  bucketed: 'κ(q_i, k_j) of rows near one another in the order of a hash, k_j = q_j/|q_j| unscaled',
} as const

function printMask(mask: Mask): string {
  if (mask.kind === 'none') return 'every key'
  return mask.kind === 'causal' ? 'keys j <= i' : `keys with ${printExpression(mask.condition)}`
}

function printStabilize(stabilize: Stabilize): string {
  if (stabilize.kind === 'auto') return 'carried log-scale'
  return stabilize.kind === 'none' ? 'as written' : `subtract maxima, add ${stabilize.epsilon}`
}

function printFactors({ query, key, projections, claims }: FactorisedScore): readonly string[] {
  const symmetric = query.every((block, n) => block === key[n])
  return [
    ...(projections === undefined
      ? []
      : [
          `  projections ${projections.count} rows w, ${projections.coupling}${projections.fixedNorm ? ' of fixed norm' : ''}, seed ${projections.seed}`,
        ]),
    ...(symmetric ? printBlocks('φq = φk', query) : [...printBlocks('φq', query), ...printBlocks('φk', key)]),
    ...(claims === undefined ? [] : printTerm('claims κ', claims)),
  ]
}

function printBlocks(title: string, blocks: readonly FeatureBlock[]): readonly string[] {
  return blocks.flatMap((block, n) => [
    ...printTerm(`${title}, block ${n} of ${block.size}`, block),
    ...(block.projectedExponent === undefined
      ? []
      : [`    of which w  ${printExpression(block.projectedExponent)}`]),
    `    parity in x ${block.parity}`,
  ])
}

function printTerm(title: string, { value, coefficient, exponent, sign }: ScaledTerm): readonly string[] {
  return [
    `  ${title}`,
    `    value       ${printExpression(value)}`,
    ...(exponent === undefined
      ? []
      : [`    coefficient ${printExpression(coefficient)}`, `    exponent    ${printExpression(exponent)}`]),
    `    sign        ${sign}`,
  ]
}

function printLandmarks({ count, source, pinv, conv }: LandmarkScore): readonly string[] {
  return [
    `  landmarks   ${count}, ${source === 'learned' ? 'given by the caller' : 'means of segments'}; pseudo-inverse in ${pinv} steps`,
    ...(conv === undefined ? [] : [`  convolution over ${conv} value rows`]),
  ]
}

const printPooling = ({ count }: CompressedScore): readonly string[] => [
  `  compress    ${count} rows k̄ = E·k and v̄ = F·v, E and F given by the caller`,
]

const printBuckets = ({ count, rounds, chunk, seed }: BucketedScore): readonly string[] => [
  `  buckets     ${count} in ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of seed ${seed}; chunks of ${chunk} sorted rows, each with the one before it`,
]

/** S, z and, where scales are carried, the running maximum of each feature's exponents. */
function printState(score: FactorisedScore, attention: Attention): readonly string[] {
  const { features } = score
  const { valueDim, normalize } = attention
  const scaled = carriesScales(attention, score)
  const parts = [
    `S [${features}, ${valueDim}]`,
    ...(normalize === 'sum' ? [`z [${features}]`] : []),
    ...(scaled ? [`log-scale [${features}]`] : []),
  ]
  return [
    `  state       ${parts.join(', ')}; combined ${scaled ? 'by rescaling to the larger scale' : 'by adding'}`,
  ]
}
