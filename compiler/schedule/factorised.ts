/**
 * Factorised attention: reduce, scan, finish; with the papers' maxima before
 * them where the file asks for those.
 */
import { carriesScales } from '../algebra/attention.ts'
import type { Attention, FactorisedScore, FeatureBlock } from '../algebra/attention.ts'
import { undecodable } from '../algebra/facts.ts'
import { dataBuffers, positions, product, queryLengths } from './buffers.ts'
import { hasMaxima, stabilized, valueOf } from './maxima.ts'
import { maximaPasses, together } from './maxima-passes.ts'
import { mends } from './mending.ts'
import { projectByTransform } from './projected.ts'
import { buffersOfAPass, carriedSize, stateSize } from './schedule.ts'
import type {
  BufferPlan,
  Features,
  Pass,
  ReducePass,
  ScanPass,
  Schedule,
  Scaling,
  ScheduledBlock,
  Term,
} from './schedule.ts'
import type { Size } from '../../runtime/contract/size.ts'
import { apply, constant } from '../symbolic/build.ts'
import { mentions } from '../symbolic/traverse.ts'
import { plainTerm, scaledTerm } from './terms.ts'
import { featureTile, rowsOfTile, tallTile, threads, valueTile } from './tiles.ts'

/** Components of φ at a time: as many as shared memory has room for. */
const plainSteps = 32
const scaledSteps = 16
/** Key rows that one workgroup sums where nothing needs the states in between. */
const longChunk = 256

/** Schedules factorised attention as fused passes, with the forms of decoding where the attention decodes. */
export function scheduleFactorised(attention: Attention, score: FactorisedScore): Schedule {
  const { valueDim, stabilize } = attention
  const { features } = score
  const causal = attention.mask.kind === 'causal'
  // What decoding carries is scaled all the same: a step has no keys to compute a row anew from.
  const carriedScaling: Scaling = carriesScales(attention, score) ? 'scaled' : 'plain'
  const mended = mends(attention, score)
  const scaling: Scaling = mended ? 'plain' : carriedScaling
  const maxima = hasMaxima(score, stabilize) ? maximaPasses(attention, score, together) : undefined

  const toTerm =
    (scaling: Scaling) =>
    (block: FeatureBlock): Term =>
      scaling === 'scaled'
        ? scaledTerm(stabilized(attention, block), attention.scale)
        : plainTerm(valueOf(attention, block), attention.scale)
  const side = (which: 'query' | 'key', scaling: Scaling): Features => ({
    side: which,
    blocks: placed(score[which], score.projections !== undefined, toTerm(scaling)),
  })
  const written = { query: side('query', scaling), key: side('key', scaling) }
  const ofCarried = { query: side('query', carriedScaling), key: side('key', carriedScaling) }

  // The state of a decaying attention is its query head's own.
  const groups = attention.decay === undefined ? 'kvHeads' : 'heads'
  const headsPerGroup: Size = groups === 'heads' ? 1 : ['ceildiv', 'heads', 'kvHeads']
  const decays = attention.decay !== undefined
  const fading = decays ? ['decay'] : []

  // A causal chunk is a tile: its pairs are taken all at once.
  const chunk = causal ? rowsOfTile : longChunk
  const chunks: Size = ['max', 1, ['ceildiv', causal ? 'length' : 'keyLength', chunk]]
  // With projections the tile's code is long as it is, and they take the better part of its time.
  const largestBlock = Math.max(...score.key.map(({ size }) => size))
  const reduceTile = featureTile(valueDim, score.projections === undefined ? largestBlock : 0)
  // Beside sums, scaled rows keep scales: twice the rows would leave no registers for the exponentials.
  const finishTile = scaling === 'scaled' ? valueTile(valueDim, scaledSteps) : tallTile(valueDim, plainSteps)
  const valueTiles = Math.ceil(valueDim / reduceTile.columns)

  const timesOver = valueTiles + (maxima ? 1 : 0)
  const projected = projectByTransform(attention, score, [written.query, written.key], headsPerGroup, {
    query: timesOver,
    key: timesOver + (causal ? valueTiles : 0),
  })
  const read = (features: Features): Features => projected?.read(features) ?? features
  const [query, key] = [read(written.query), read(written.key)]
  const tilesOfFeatures = key.blocks.reduce((sum, { size }) => sum + Math.ceil(size / reduceTile.steps), 0)
  const matrix = score.projections === undefined ? [] : ['w']
  const projection = projected === undefined ? matrix : ['projected']
  const extra = maxima ? ['maxima'] : []
  const counting = seesLength(query) ? ['queryLengths'] : []
  const finishBuffers = (lengths: readonly string[]): string[] => [
    'q',
    ...(causal || mended ? ['k', 'v'] : []),
    ...projection,
    ...lengths,
    ...extra,
    ...fading,
    'state',
    'out',
  ]
  const ungathered = finishBuffers(['lengths', ...counting])
  const gathers = ungathered.length > buffersOfAPass
  const inFinish = gathers ? finishBuffers(['bothLengths']) : ungathered

  const scan: ScanPass = {
    kind: 'scan',
    name: 'scan',
    tile: reduceTile,
    workgroups: product('sliceCount', Math.ceil((features * (valueDim + 1)) / threads)),
    buffers: [...(decays ? ['lengths', ...fading] : []), 'state'],
    result: causal ? 'prefixes' : 'total',
    carries: false,
    scaling,
  }
  const reduce: ReducePass = {
    kind: 'reduce',
    name: 'reduce',
    tile: reduceTile,
    workgroups: product('sliceCount', 'chunks', tilesOfFeatures * valueTiles),
    buffers: ['k', 'v', ...projection, 'lengths', ...extra, ...fading, 'state'],
    features: key,
    scaling,
  }
  const passes: Pass[] = [
    ...(gathers ? [gather] : []),
    ...(projected?.passes ?? []),
    ...(maxima?.passes ?? []),
    reduce,
    scan,
    {
      kind: 'finish',
      name: 'finish',
      tile: finishTile,
      workgroups: product(
        'sliceCount',
        headsPerGroup,
        ['ceildiv', 'length', finishTile.rows],
        Math.ceil(valueDim / finishTile.columns),
      ),
      buffers: inFinish,
      query,
      key,
      scaling,
      causal,
      division: attention.division,
      ...(mended && { mended: ofCarried }),
    },
  ]

  const state = (scaling: Scaling): BufferPlan => ({
    name: 'state',
    role: 'scratch',
    element: 'f32',
    size: product('sliceCount', 'chunks', stateSize(features, valueDim, scaling)),
    layout:
      `per group and chunk: S [${features} × ${valueDim}], z [${features}]` +
      (scaling === 'scaled'
        ? `, log-scale in the chunk [${features}], log-scale before it [${features}]`
        : ''),
  })
  const forward: Schedule = {
    name: attention.name,
    evaluation: attention.evaluation,
    dim: attention.dim,
    valueDim,
    features,
    causal,
    groups,
    chunk,
    chunks,
    buffers: [
      ...dataBuffers(attention),
      ...(counting.length === 0 ? [] : [queryLengths]),
      ...(gathers ? [bothLengths] : []),
      ...projectionBuffer(attention.dim, score),
      ...(projected?.buffers ?? []),
      ...decayBuffer(attention),
      ...(maxima?.buffers ?? []),
      state(scaling),
    ],
    passes,
  }
  if (undecodable(attention) !== undefined) return forward

  const carried: BufferPlan = {
    name: 'carried',
    role: 'state',
    element: 'f32',
    size: product('batch', groups, carriedSize(features, valueDim, carriedScaling)),
    layout:
      `per group: S [${features} × ${valueDim}], z [${features}]` +
      (carriedScaling === 'scaled' ? `, log-scale [${features}]` : ''),
  }
  const carrying: ScanPass = {
    ...scan,
    name: 'scan_and_carry',
    carries: true,
    buffers: [...scan.buffers, 'carried'],
    scaling: carriedScaling,
  }
  const prefill: Schedule = {
    ...forward,
    buffers: [
      ...forward.buffers.map((plan) => (plan.name === 'state' ? state(carriedScaling) : plan)),
      carried,
    ],
    // Once the rows have been read from states as they are written, these make room for one that is scaled.
    passes: mended
      ? [
          ...passes,
          { ...reduce, name: 'reduce_to_carry', features: ofCarried.key, scaling: carriedScaling },
          carrying,
        ]
      : passes.map((pass) => (pass === scan ? carrying : pass)),
  }
  const ofPlaces = seesPosition(written.query) || seesPosition(written.key)
  const step: Schedule = {
    ...forward,
    chunks: 1,
    buffers: [
      ...dataBuffers(attention).filter(({ name }) => name !== 'lengths'),
      ...(ofPlaces ? [positions] : []),
      ...projectionBuffer(attention.dim, score),
      ...decayBuffer(attention),
      carried,
    ],
    // One dispatch is worth more than what transforms would save for so few rows.
    passes: [
      {
        kind: 'step',
        name: 'step',
        tile: reduceTile,
        workgroups: 'sliceCount',
        buffers: ['q', 'k', 'v', ...matrix, ...(ofPlaces ? ['positions'] : []), ...fading, 'carried', 'out'],
        query: ofCarried.query,
        key: ofCarried.key,
        scaling: carriedScaling,
        division: attention.division,
      },
    ],
  }
  return { ...forward, decoding: { prefill, step } }
}

const sees =
  (name: string) =>
  ({ blocks }: Features): boolean =>
    blocks.some(({ term }) =>
      (term.kind === 'plain' ? [term.value] : [term.exponent, term.coefficient]).some(
        (expression) => expression !== undefined && mentions(expression, name),
      ),
    )

/** Whether φ of a side depends on the length of the sequence, so that its passes bind `queryLengths`. */
export const seesLength = sees('length')
/** Whether φ of a side depends on the position of a row, so that passes of decoding bind `positions`. */
export const seesPosition = sees('position')

function decayBuffer({ decay }: Attention): BufferPlan[] {
  if (decay === undefined) return []
  const value = apply('divide', apply('log', decay), constant(Math.LN2))
  return [{ name: 'decay', role: 'heads', element: 'f32', size: 'heads', value, layout: '[H], log₂ γ' }]
}

/** Places blocks of features one behind the other in φ, each with its term. */
export function placed(
  blocks: readonly FeatureBlock[],
  projected: boolean,
  term: (block: FeatureBlock) => Term,
): ScheduledBlock[] {
  let start = 0
  return blocks.map((block) => {
    const here = { start, size: block.size, projected, term: term(block) }
    start += block.size
    return here
  })
}

/** The matrix of projections `w`, [m, dim]; no buffer where φ has no projections. */
export function projectionBuffer(dim: number, { projections }: FactorisedScore): BufferPlan[] {
  if (projections === undefined) return []
  const { count } = projections
  return [{ name: 'w', role: 'projection', element: 'f32', size: count * dim, layout: `[${count}, ${dim}]` }]
}

const bothLengths: BufferPlan = {
  name: 'bothLengths',
  role: 'scratch',
  element: 'u32',
  size: product('batch', 2),
  layout: '[2, B], visible key rows, query rows that count',
}

const gather: Pass = {
  kind: 'gather',
  name: 'gather_lengths',
  threads,
  workgroups: ['ceildiv', 'batch', threads],
  buffers: ['lengths', 'queryLengths', 'bothLengths'],
  from: ['lengths', 'queryLengths'],
  to: 'bothLengths',
}
