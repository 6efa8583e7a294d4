/**
 * Cotangents of φ by two walks: of queries, whose rows leave their cotangents over denominators and scales, and of keys,
 * which reads these from the last row to the first.
 */
import { carriesScales } from '../../algebra/attention.ts'
import type { Attention, Carry } from '../../algebra/attention.ts'
import { boundBy, planAction } from '../action.ts'
import { projectionBuffer, seesLength, sidesOf } from '../feature-blocks.ts'
import { hasMaxima } from '../maxima.ts'
import type { Cotangents } from '../planner.ts'
import { scratch, sliceHeads } from '../equation/plan.ts'
import type { RetracePass, Scaling } from '../schedule.ts'
import { scaledTerm } from '../terms.ts'
import { multiplied, rowsOfWalk } from './walk.ts'

/** The walks; none where features subtract the papers' maxima, which these have no place for. */
export function retraced(attention: Attention, carry: Carry): Cotangents | undefined {
  const { score } = carry
  if (hasMaxima(score, attention.stabilize)) return undefined
  const { valueDim } = attention
  const action = planAction(carry.action)
  const scaling: Scaling = carriesScales(attention, carry) ? 'scaled' : 'plain'
  const sides = sidesOf(attention, score, scaling, scaledTerm)
  const projection = projectionBuffer(attention.dim, score)
  const heads = sliceHeads(action.groups)
  const causal = attention.mask.kind === 'causal'
  const given = [
    ...projection.map(({ name }) => name),
    'lengths',
    ...(seesLength(sides.query) ? ['queryLengths'] : []),
    ...boundBy(action.operand),
  ]
  const pass = (of: RetracePass['cotangents'], buffers: readonly string[]): RetracePass => ({
    kind: 'walk',
    name: of === 'queries' ? 'query_cotangents' : 'key_cotangents',
    threads: 1,
    cotangents: of,
    carries: false,
    rows: rowsOfWalk(causal, score.features),
    causal,
    workgroups: 'sliceCount',
    buffers: ['q', 'k', 'v', ...given, ...buffers],
    query: multiplied(sides.query),
    key: multiplied(sides.key),
    scaling,
    action: action.operand,
    division: attention.division,
  })
  const perRow = `per query head and row: [${valueDim}], behind all of them [1]${scaling === 'scaled' ? ', the log-scale' : ''}`
  return {
    passes: [
      pass('queries', ['dout', 'rowCotangents', 'queryCotangents']),
      pass('keys', ['rowCotangents', 'keyCotangents', 'valueCotangents']),
    ],
    buffers: [
      scratch('rowCotangents', [heads, 'length', valueDim + (scaling === 'scaled' ? 2 : 1)], perRow),
      scratch(
        'queryCotangents',
        [heads, 'length', score.features],
        `per query head and row: [${score.features}]`,
      ),
      scratch(
        'keyCotangents',
        ['sliceCount', 'keyLength', score.features],
        `per group and row: [${score.features}]`,
      ),
      scratch('valueCotangents', ['sliceCount', 'keyLength', valueDim], `per group and row: [${valueDim}]`),
    ],
  }
}
