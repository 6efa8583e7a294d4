/**
 * Factorised attention without workgroup memory. φ of every row is computed
 * once and kept, since a cell of Σ φ(k) vᵀ would otherwise compute it anew for
 * every column of the values. Then, over chunks of key rows:
 *
 *   chunk    the state of each chunk by itself: scales, then sums
 *   block    the states of 16 chunks put together
 *   before   what lies before each chunk: the blocks before it, and the chunks of its own (causal)
 *   total    all blocks (no mask)
 *   weights  of φ(q) in the state that a row reads; of the pairs inside its chunk (causal)
 *   factors  1 over φ(q)·z, with the pairs
 *   out      φ(q)·S with the pairs, times the factor
 *
 * Two levels of prefixes take as many dispatches for any length, which a scan by
 * doubling would not, and a cell adds up 16 states and one for each 512 rows.
 * The sum over the keys before a row has one order, whatever keys follow.
 */
import { carriesScales } from '../../algebra/attention.ts'
import type { Attention, Carry, FactorisedScore } from '../../algebra/attention.ts'
import { undecodable } from '../../algebra/facts.ts'
import { planAction } from '../action.ts'
import type { ActionPlan } from '../action.ts'
import { dataBuffers, positions, queryLengths } from '../buffers.ts'
import { projectionBuffer, seesLength, seesPosition, sidesOf } from '../feature-blocks.ts'
import { hasMaxima } from '../maxima.ts'
import type { Features, Schedule, Scaling } from '../schedule.ts'
import { naturalTerm } from '../terms.ts'
import { cellAction } from './action.ts'
import { featurePasses, hasCoefficients } from './features.ts'
import { apart, maximaPasses } from '../maxima-passes.ts'
import { sliceHeads } from '../equation/plan.ts'
import type { Plan } from '../planner.ts'
import { knownOf } from './plan.ts'
import type { FactorisedPlan } from './plan.ts'
import { outlineOf } from '../outline.ts'
import { readPasses } from './read.ts'
import { carriedState } from './carried.ts'
import { statePasses } from './state-passes.ts'

/** Key rows of a chunk: a row meets up to so many one by one, where the attention is causal. */
const rowsOfChunk = 32
/** Chunks of a block. */
const chunksOfBlock = 16

/** Schedules factorised attention as equations, with the forms of decoding where the attention decodes. */
export function scheduleFactorised(attention: Attention, carry: Carry): Schedule {
  const parts = partsOf(attention, carry)
  const forward = forwardOf(parts)
  if (undecodable(attention) !== undefined) return forward
  return {
    ...forward,
    decoding: {
      prefill: prefillOf(parts, forward),
      step: stepOf(parts, forward),
      resume: resumeOf(parts, forward),
    },
  }
}

/**
 * The decisions of a factorised attention, and the passes of a call in parts.
 *
 * @param behind what is before the rows of a call and behind them, if anything is
 */
export function partsOf(
  attention: Attention,
  carry: Carry,
  behind?: (plan: FactorisedPlan) => Pick<FactorisedPlan, 'begins' | 'ends'>,
): Parts {
  const { score } = carry
  const action = planAction(carry.action)
  const { query, key, plan: alone } = planOf(attention, carry, action)
  const plan = { ...alone, ...behind?.(alone) }
  const known = knownOf(plan)
  const maxima = hasMaxima(score, attention.stabilize)
  return {
    plan,
    score,
    action,
    query,
    key,
    hasMaxima: maxima,
    maxima: maxima ? maximaPasses(attention, score, apart) : { passes: [], buffers: [] },
    ofKeys: featurePasses(plan, key, { maxima, known }),
    ofQueries: featurePasses(plan, query, { maxima, known: plan.begins ? known : {} }),
    states: statePasses(plan),
    read: readPasses(plan, 'state'),
  }
}

/** φ of both sides, and what all passes share. */
function planOf(
  attention: Attention,
  carry: Carry,
  { operand, groups }: ActionPlan,
): { readonly query: Features; readonly key: Features; readonly plan: FactorisedPlan } {
  const { mask } = attention
  const { score } = carry
  const scaling: Scaling = carriesScales(attention, carry) ? 'scaled' : 'plain'
  const { query, key } = sidesOf(attention, score, scaling, naturalTerm)
  const plan: FactorisedPlan = {
    attention,
    features: score.features,
    scaling,
    causal: mask.kind === 'causal',
    groups,
    heads: sliceHeads(groups),
    queryCoefficients: hasCoefficients(query.blocks),
    keyCoefficients: hasCoefficients(key.blocks),
    action: cellAction(operand),
    rowsOfChunk,
    block: chunksOfBlock,
  }
  return { query, key, plan }
}

/** The passes of a call, in parts that its forms put together. */
export interface Parts {
  readonly plan: FactorisedPlan
  readonly score: FactorisedScore
  readonly action: ActionPlan
  readonly query: Features
  readonly key: Features
  /** Whether features subtract the papers' maxima. */
  readonly hasMaxima: boolean
  readonly maxima: Plan
  readonly ofKeys: Plan
  readonly ofQueries: Plan
  readonly states: ReturnType<typeof statePasses>
  readonly read: Plan
}

/** The passes of a whole call. */
export function forwardOf({
  plan,
  score,
  action,
  query,
  maxima,
  ofKeys,
  ofQueries,
  states,
  read,
}: Parts): Schedule {
  const { attention, causal, groups } = plan
  const parts = [maxima, ofKeys, states, ofQueries, read]
  return {
    ...outlineOf(attention),
    features: score.features,
    groups,
    chunk: rowsOfChunk,
    // A causal row reads the state before its chunk, and there may be more chunks of queries than of keys.
    chunks: ['max', 1, ['ceildiv', causal ? ['max', 'length', 'keyLength'] : 'keyLength', rowsOfChunk]],
    buffers: [
      ...dataBuffers(attention),
      ...(seesLength(query) ? [queryLengths] : []),
      ...projectionBuffer(attention.dim, score),
      ...action.buffers,
      ...parts.flatMap(({ buffers }) => buffers),
    ],
    passes: parts.flatMap(({ passes }) => passes),
  }
}

/** The same call, which leaves the state of all rows for the tokens to come. */
function prefillOf({ ofKeys, ofQueries, states, read }: Parts, forward: Schedule): Schedule {
  const parts = [ofKeys, states, states.carry, ofQueries, read]
  return {
    ...forward,
    buffers: [...forward.buffers, ...states.carry.buffers],
    passes: parts.flatMap(({ passes }) => passes),
  }
}

/** A call behind the rows of a state. */
function resumeOf(parts: Parts, forward: Schedule): Schedule {
  const { plan, query, key, ofKeys, ofQueries, read } = parts
  const states = statePasses({ ...plan, begins: carriedState(plan) })
  const known = { positions: true, lengths: true }
  const placed = (features: Features, otherwise: Plan): Plan =>
    seesPosition(features)
      ? featurePasses(plan, features, { maxima: false, known, prefix: 'behind_' })
      : otherwise
  // There is a block more.
  const larger = new Map(states.buffers.map((plan) => [plan.name, plan]))
  const passes = [placed(key, ofKeys), states, states.carry, placed(query, ofQueries), read]
  return {
    ...forward,
    buffers: [
      ...forward.buffers.map((plan) => larger.get(plan.name) ?? plan),
      ...(seesPosition(query) || seesPosition(key) ? [positions] : []),
      ...states.carry.buffers,
    ],
    passes: passes.flatMap(({ passes }) => passes),
  }
}

function stepOf(parts: Parts, forward: Schedule): Schedule {
  const { plan, score, action, query, key, hasMaxima: maxima, ofQueries, states } = parts
  const { attention } = plan
  // Kernels of one name are the same in all forms.
  const ofToken = { maxima, known: { positions: true }, prefix: 'token_' }
  const passes = [
    featurePasses(plan, key, ofToken),
    states.absorb,
    seesPosition(query) ? featurePasses(plan, query, ofToken) : ofQueries,
    readPasses(plan, 'carried'),
  ]
  return {
    ...forward,
    chunks: 1,
    buffers: [
      ...dataBuffers(attention).filter(({ name }) => name !== 'lengths'),
      ...(seesPosition(query) || seesPosition(key) ? [positions] : []),
      ...projectionBuffer(attention.dim, score),
      ...action.buffers,
      ...states.carry.buffers,
      ...passes.flatMap(({ buffers }) => buffers),
    ],
    passes: passes.flatMap(({ passes }) => passes),
  }
}
