/** Sums over keys as a state that rows are added to (`state.ts`), and that queries read. */
import { mentions } from '../../symbolic/traverse.ts'
import { logFactor, printFactor } from '../action.ts'
import { carriesScales } from '../attention.ts'
import type { Attention, FactorisedScore, FeatureBlock } from '../attention.ts'
import { quotient } from '../division.ts'
import { featureRows } from '../interpret/features.ts'
import { printBlocks, printTerm } from '../print-terms.ts'
import type { Carry } from '../rows.ts'
import { act, combine, empty, read, token } from '../state.ts'
import type { State } from '../state.ts'
import type { Context, Matrix, OperationRecord } from './record.ts'

const blocksOf = ({ query, key }: FactorisedScore): readonly FeatureBlock[] => [...query, ...key]

/** The record of `carry`. */
export const carry: OperationRecord<Carry> = {
  operands: () => [],
  shape: () => ({ count: undefined, width: undefined }),
  evaluate: foldKeys,
  terms: ({ score }) => blocksOf(score),
  keysPermutable: ({ score }) =>
    score.key.some(({ value }) => mentions(value, 'position'))
      ? 'the features see the place of a key'
      : undefined,
  prefixStable: ({ score }) =>
    blocksOf(score).some(({ value }) => mentions(value, 'length'))
      ? 'its feature uses length, which grows with each token'
      : undefined,
  weights: ({ score, action }) => `${printFactor(action)}φq(q_i) · φk(k_j), ${score.features} features`,
  formula: () => 'carry(q, k, v)',
  details: (carry, attention) => [...printFactors(carry.score), ...printState(carry, attention)],
}

function foldKeys({ score, action }: Carry, { attention, head, projection }: Context): Matrix {
  const { division, mask, valueDim } = attention
  const { index, q, queries: counted, k, v } = head
  const queries = featureRows(attention, score.query, 'query', q, counted, projection)
  const keys = featureRows(attention, score.key, 'key', k, k.length, projection)
  const ofRow = logFactor(action, index)(1)
  const nothing = empty(score.features, valueDim)
  const after = (state: State, row: number): State => {
    const older = act(ofRow, state)
    const [key, value] = [keys[row], v[row]]
    return key === undefined || value === undefined ? older : combine(older, token(key, value))
  }
  if (mask.kind !== 'causal') {
    const state = keys.reduce((before, _, row) => after(before, row), nothing)
    return queries.map((query) => quotient(division, read(state, query)))
  }
  let state = nothing
  return queries.map((query, row) => {
    state = after(state, row)
    return quotient(division, read(state, query))
  })
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

/** S, z and, where scales are carried, the running maximum of each feature's exponents. */
function printState(carry: Carry, attention: Attention): readonly string[] {
  const { features } = carry.score
  const { valueDim, division } = attention
  const scaled = carriesScales(attention, carry)
  const parts = [
    `S [${features}, ${valueDim}]`,
    ...(division.kind === 'sum' ? [`z [${features}]`] : []),
    ...(scaled ? [`log-scale [${features}]`] : []),
  ]
  return [
    `  state       ${parts.join(', ')}; combined ${scaled ? 'by rescaling to the larger scale' : 'by adding'}`,
  ]
}
