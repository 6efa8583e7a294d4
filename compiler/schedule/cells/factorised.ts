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
import { apply } from '../../symbolic/build.ts'
import { dataBuffers, positions, product, queryLengths } from '../buffers.ts'
import { undecodable } from '../decodable.ts'
import { placed, projectionBuffer, seesLength, seesPosition } from '../factorised.ts'
import { exponentialsOf, hasMaxima, stabilized } from '../maxima.ts'
import type {
  BufferPlan,
  Features,
  Pass,
  Schedule,
  ScheduledBlock,
  Scaling,
  Size,
  Term,
} from '../schedule.ts'
import { naturalTerm, plainTerm, scaleRows } from '../terms.ts'
import type { CellPass, CellWork } from './passes.ts'
import { cellPass, featureOperations, scratch, sliceHeads } from './plan.ts'
import { readPasses } from './read.ts'
import { statePasses } from './states.ts'

/** Key rows of a chunk: a row meets up to so many one by one, where the attention is causal. */
const rowsOfChunk = 32
/** Chunks of a block. */
const chunksOfBlock = 16

export function scheduleFactorisedCells(attention: Attention, score: FactorisedScore): Schedule {
  const { dim, valueDim, stabilize, scale, mask, decay } = attention
  const { features, projections } = score
  const causal = mask.kind === 'causal'
  const scaling: Scaling = carriesScales(attention, score) ? 'scaled' : 'plain'
  const maxima = hasMaxima(score, stabilize)
  const projected = projections !== undefined

  const toTerm = (block: FeatureBlock): Term => {
    const term = stabilized(attention, block)
    return scaling === 'scaled' ? naturalTerm(term, scale) : plainTerm(term.coefficient, scale)
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
  const ofKeys = featurePasses(plan, key, { projected, maxima, lengths: true })
  const ofQueries = featurePasses(plan, query, { projected, maxima, lengths: false })
  const states = statePasses(plan)
  const read = readPasses(plan, 'state')
  const extra = maxima ? maximaPasses(attention, score) : { passes: [], buffers: [] }

  const schedule: Schedule = {
    name: attention.name,
    strategy: 'factorised',
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
  const ofStep = { projected, maxima, lengths: false, positions: true }
  const token = featurePasses(plan, key, ofStep)
  const queryOfToken = featurePasses(plan, query, ofStep)
  // Kernels of one name are the same in all forms.
  const ofToken = (pass: CellPass): CellPass => ({ ...pass, name: `token_${pass.name}` })
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
    passes: [
      ...token.passes.map(ofToken),
      ...states.absorb.passes,
      ...(seesPosition(query) ? queryOfToken.passes.map(ofToken) : queryOfToken.passes),
      ...readCarried.passes,
    ],
  }
  return { ...schedule, decoding: { prefill, step } }
}

/** What the passes of one attention have in common. */
export interface FactorisedPlan {
  readonly attention: Attention
  readonly features: number
  readonly scaling: Scaling
  readonly causal: boolean
  readonly groups: Schedule['groups']
  /** Query heads of a slice. */
  readonly heads: Size
  readonly queryCoefficients: boolean
  readonly keyCoefficients: boolean
  readonly decays: boolean
  readonly rowsOfChunk: number
  /** Chunks of a block. */
  readonly block: number
}

interface Plan<Of extends Pass = CellPass> {
  readonly passes: readonly Of[]
  readonly buffers: readonly BufferPlan[]
}

const hasCoefficients = (blocks: readonly ScheduledBlock[]): boolean =>
  blocks.some(({ term }) => term.kind === 'scaled' && term.coefficient !== undefined)

/** φ of all rows of one side, its exponents and coefficients apart. */
function featurePasses(
  { features: count, groups, heads }: FactorisedPlan,
  features: Features,
  given: {
    readonly projected: boolean
    readonly maxima: boolean
    readonly lengths: boolean
    readonly positions?: boolean
  },
): Plan {
  const { side, blocks } = features
  const ofQueries = side === 'query'
  const rows = ofQueries ? 'length' : 'keyLength'
  const extent = [count, rows, ofQueries ? heads : 'sliceCount'] as const
  const input = ofQueries ? 'q' : 'k'
  const one = (part: 'value' | 'exponent' | 'coefficient'): Plan => {
    const word = { value: 'features', exponent: 'exponents', coefficient: 'coefficients' }[part]
    const buffer = `${side}${word[0]?.toUpperCase()}${word.slice(1)}`
    return {
      passes: [
        cellPass({
          name: `${side}_${word}`,
          over: ofQueries ? 'sliceQueryHead' : 'sliceKeyHead',
          extent,
          buffers: [
            input,
            ...(given.projected ? ['w'] : []),
            ...(given.lengths ? ['lengths'] : []),
            ...(ofQueries && seesLength(features) ? ['queryLengths'] : []),
            ...(given.positions && seesPosition(features) ? ['positions'] : []),
            ...(given.maxima ? [ofQueries ? 'queryMaxima' : 'headMaxima'] : []),
            buffer,
          ],
          work: { kind: 'features', part, features },
          what:
            { value: 'φ', exponent: 'the exponents of φ', coefficient: 'the coefficients of φ' }[part] +
            ` of each ${side} row`,
          flops: product(rows, ofQueries ? heads : 'sliceCount', featureOperations(blocks)),
        }),
      ],
      buffers: [
        scratch(
          buffer,
          extent,
          `per ${ofQueries ? 'query head' : groups === 'heads' ? 'query head' : 'key/value head'} and row: [${count}]`,
        ),
      ],
    }
  }
  const scaled = blocks.some(({ term }) => term.kind === 'scaled')
  const parts = scaled
    ? [one('exponent'), ...(hasCoefficients(blocks) ? [one('coefficient')] : [])]
    : [one('value')]
  return { passes: parts.flatMap(({ passes }) => passes), buffers: parts.flatMap(({ buffers }) => buffers) }
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

/** Row maxima of the projected exponents on either side, then the keys' over each head. */
function maximaPasses(attention: Attention, score: FactorisedScore): Plan {
  const heads = sliceHeads('kvHeads')
  const blocks = (which: 'query' | 'key'): Features => ({
    side: which,
    blocks: score[which].flatMap((block) =>
      exponentialsOf(block.value).map((part) => ({
        start: 0,
        size: block.size,
        projected: score.projections !== undefined,
        term: { kind: 'plain' as const, value: scaleRows(part, attention.scale) },
      })),
    ),
  })
  const rowMaxima = (which: 'query' | 'key', out: string): CellPass => {
    const work: CellWork = { kind: 'row-maxima', features: blocks(which) }
    const lengths = which === 'key' ? ['lengths'] : seesLength(work.features) ? ['queryLengths'] : []
    const [rows, of] =
      which === 'query' ? (['length', heads] as const) : (['keyLength', 'sliceCount'] as const)
    return cellPass({
      name: `${which}_maxima`,
      over: which === 'query' ? 'sliceQueryHead' : 'sliceKeyHead',
      extent: [rows, of, 1],
      buffers: [
        which === 'query' ? 'q' : 'k',
        ...(score.projections === undefined ? [] : ['w']),
        ...lengths,
        out,
      ],
      work,
      what: `the largest projected exponent of each ${which} row`,
      flops: product(rows, of, featureOperations(work.features.blocks)),
    })
  }
  return {
    passes: [
      rowMaxima('query', 'queryMaxima'),
      rowMaxima('key', 'keyMaxima'),
      cellPass({
        name: 'head_maximum',
        over: 'sliceKeyHead',
        extent: ['sliceCount', 1, 1],
        buffers: ['keyMaxima', 'lengths', 'headMaxima'],
        work: { kind: 'head-maximum' },
        what: 'the largest of each head’s visible key rows',
        flops: product('keyLength', 'sliceCount'),
      }),
    ],
    buffers: [
      scratch('queryMaxima', ['length', heads], 'per query head: [rows]'),
      scratch('keyMaxima', ['keyLength', 'sliceCount'], 'per key/value head: [rows]'),
      scratch('headMaxima', ['sliceCount'], '[key/value heads]'),
    ],
  }
}
