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
 * What lies before a row is summed in one order whatever follows.
 */
import { carriesScales } from '../../algebra/attention.ts'
import type { Attention, FactorisedScore, FeatureBlock } from '../../algebra/attention.ts'
import { undecodable } from '../../algebra/facts.ts'
import { apply } from '../../symbolic/build.ts'
import { dataBuffers, positions, queryLengths } from '../buffers.ts'
import { placed, projectionBuffer, seesLength, seesPosition } from '../factorised.ts'
import { hasMaxima, stabilized, valueOf } from '../maxima.ts'
import type { BufferPlan, Features, Schedule, Scaling, Term } from '../schedule.ts'
import { naturalTerm, plainTerm } from '../terms.ts'
import { featurePasses, hasCoefficients } from './features.ts'
import { apart, maximaPasses } from '../maxima-passes.ts'
import { sliceHeads } from '../equation/plan.ts'
import type { FactorisedPlan } from './plan.ts'
import { readPasses } from './read.ts'
import { statePasses } from './states.ts'

/** Key rows of a chunk: a row meets up to so many one by one, where the attention is causal. */
const rowsOfChunk = 32
/** Chunks of a block. */
const chunksOfBlock = 16

/** Schedules factorised attention as equations, with the forms of decoding where the attention decodes. */
export function scheduleFactorised(attention: Attention, score: FactorisedScore): Schedule {
  const { dim, valueDim, stabilize, scale, mask, decay } = attention
  const { features, projections } = score
  const causal = mask.kind === 'causal'
  const scaling: Scaling = carriesScales(attention, score) ? 'scaled' : 'plain'
  const maxima = hasMaxima(score, stabilize)
  const projected = projections !== undefined

  const toTerm = (block: FeatureBlock): Term => {
    return scaling === 'scaled'
      ? naturalTerm(stabilized(attention, block), scale)
      : plainTerm(valueOf(attention, block), scale)
  }
  const side = (which: 'query' | 'key'): Features => ({
    side: which,
    blocks: placed(score[which], projected, toTerm),
  })
  const query = side('query')
  const key = side('key')

  // The state of a decaying attention is its query head's own.
  const groups = decay === undefined ? 'kvHeads' : 'heads'
  const plan: FactorisedPlan = {
    attention,
    features,
    scaling,
    causal,
    groups,
    heads: sliceHeads(groups),
    queryCoefficients: hasCoefficients(query.blocks),
    keyCoefficients: hasCoefficients(key.blocks),
    decays: decay !== undefined,
    rowsOfChunk,
    block: chunksOfBlock,
  }
  const ofKeys = featurePasses(plan, key, { maxima, known: { lengths: true } })
  const ofQueries = featurePasses(plan, query, { maxima, known: {} })
  const states = statePasses(plan)
  const read = readPasses(plan, 'state')
  const extra = maxima ? maximaPasses(attention, score, apart) : { passes: [], buffers: [] }

  const schedule: Schedule = {
    name: attention.name,
    evaluation: attention.evaluation,
    dim,
    valueDim,
    features,
    causal,
    groups,
    chunk: rowsOfChunk,
    // Causal rows read what lies before a chunk of their own place, which may be past the last key.
    chunks: ['max', 1, ['ceildiv', causal ? ['max', 'length', 'keyLength'] : 'keyLength', rowsOfChunk]],
    buffers: [
      ...dataBuffers(attention),
      ...(seesLength(query) ? [queryLengths] : []),
      ...projectionBuffer(dim, score),
      ...decayBuffer(attention),
      ...extra.buffers,
      ...ofKeys.buffers,
      ...states.buffers,
      ...ofQueries.buffers,
      ...read.buffers,
    ],
    passes: [...extra.passes, ...ofKeys.passes, ...states.passes, ...ofQueries.passes, ...read.passes],
  }
  if (undecodable(attention) !== undefined) return schedule

  const carry = states.carry
  // Kernels of one name are the same in all forms.
  const known = { positions: true }
  const token = featurePasses(plan, key, { maxima, known, prefix: 'token_' })
  const queryOfToken = seesPosition(query)
    ? featurePasses(plan, query, { maxima, known, prefix: 'token_' })
    : ofQueries
  const readCarried = readPasses(plan, 'carried')
  const prefill: Schedule = {
    ...schedule,
    buffers: [...schedule.buffers, ...carry.buffers],
    passes: [...ofKeys.passes, ...states.passes, ...carry.passes, ...ofQueries.passes, ...read.passes],
  }
  const step: Schedule = {
    ...schedule,
    chunks: 1,
    buffers: [
      ...dataBuffers(attention).filter(({ name }) => name !== 'lengths'),
      ...(seesPosition(query) || seesPosition(key) ? [positions] : []),
      ...projectionBuffer(dim, score),
      ...decayBuffer(attention),
      ...carry.buffers,
      ...token.buffers,
      ...states.absorb.buffers,
      ...queryOfToken.buffers,
      ...readCarried.buffers,
    ],
    passes: [...token.passes, ...states.absorb.passes, ...queryOfToken.passes, ...readCarried.passes],
  }
  return { ...schedule, decoding: { prefill, step } }
}

function decayBuffer({ decay }: Attention): BufferPlan[] {
  if (decay === undefined) return []
  return [
    {
      name: 'decay',
      role: 'heads',
      element: 'f32',
      size: 'heads',
      value: apply('log', decay),
      layout: '[H], ln γ',
    },
  ]
}
