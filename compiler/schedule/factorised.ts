/**
 * Factorised attention: reduce, scan, finish; with the papers' maxima before
 * them where the file asks for those.
 */
import type { Attention, FactorisedScore, FeatureBlock } from '../algebra/attention.ts'
import { dataBuffers, product } from './buffers.ts'
import { exponentialsOf, stabilizeByMaxima } from './maxima.ts'
import type { BufferPlan, Features, Pass, Schedule, Scaling, ScheduledBlock, Size, Term } from './schedule.ts'
import { plainTerm, scaledTerm, scaleRows } from './terms.ts'
import { rowsOfTile, threads, valueTile } from './tiles.ts'

/** Components of φ at a time: as many as shared memory has room for. */
const plainSteps = 32
const scaledSteps = 16
/** Key rows that one workgroup sums where nothing needs the states in between. */
const longChunk = 256

const headsPerGroup: Size = ['ceildiv', 'heads', 'kvHeads']

export function scheduleFactorised(attention: Attention, score: FactorisedScore): Schedule {
  const { valueDim, stabilize } = attention
  const { features } = score
  const causal = attention.mask.kind === 'causal'
  const exponents = [...score.query, ...score.key].some((block) => block.exponent !== undefined)
  const scaling: Scaling = exponents && stabilize.kind === 'auto' ? 'scaled' : 'plain'
  const maxima = exponents && stabilize.kind === 'max'

  const toTerm = (block: FeatureBlock): Term => {
    if (scaling === 'scaled') return scaledTerm(block, attention.scale)
    const value = stabilize.kind === 'max' ? stabilizeByMaxima(block.value, stabilize.epsilon) : block.value
    return plainTerm(value, attention.scale)
  }
  const side = (which: 'query' | 'key', term: (block: FeatureBlock) => Term): Features => ({
    side: which,
    blocks: placed(score[which], score.projections !== undefined, term),
  })
  const query = side('query', toTerm)
  const key = side('key', toTerm)

  // A causal chunk is a tile: its pairs are taken all at once.
  const chunk = causal ? rowsOfTile : longChunk
  const chunks: Size = ['max', 1, ['ceildiv', causal ? 'length' : 'keyLength', chunk]]
  const reduceTile = valueTile(valueDim, 32)
  const finishTile = valueTile(valueDim, scaling === 'scaled' ? scaledSteps : plainSteps)
  const valueTiles = Math.ceil(valueDim / reduceTile.columns)
  const tilesOfFeatures = key.blocks.reduce((sum, { size }) => sum + Math.ceil(size / reduceTile.steps), 0)
  const stateSize = features * (valueDim + (scaling === 'scaled' ? 3 : 1))
  const projection = score.projections === undefined ? [] : ['w']
  const extra = maxima ? ['maxima'] : []

  const passes: Pass[] = [
    ...(maxima ? maximaPasses(attention, score, projection) : []),
    {
      kind: 'reduce',
      name: 'reduce',
      tile: reduceTile,
      workgroups: product('sliceCount', 'chunks', tilesOfFeatures * valueTiles),
      buffers: ['k', 'v', ...projection, 'lengths', ...extra, 'state'],
      features: key,
      scaling,
    },
    {
      kind: 'scan',
      name: 'scan',
      tile: reduceTile,
      workgroups: product('sliceCount', Math.ceil((features * (valueDim + 1)) / threads)),
      buffers: ['state'],
      result: causal ? 'prefixes' : 'total',
      scaling,
    },
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
      buffers: ['q', ...(causal ? ['k', 'v'] : []), ...projection, 'lengths', ...extra, 'state', 'out'],
      query,
      key,
      scaling,
      causal,
      normalize: attention.normalize,
      epsilon: attention.epsilon,
    },
  ]

  const state: BufferPlan = {
    name: 'state',
    role: 'scratch',
    element: 'f32',
    size: product('sliceCount', 'chunks', stateSize),
    layout:
      `per group and chunk: S [${features} × ${valueDim}], z [${features}]` +
      (scaling === 'scaled'
        ? `, log-scale in the chunk [${features}], log-scale before it [${features}]`
        : ''),
  }
  return {
    name: attention.name,
    strategy: 'factorised',
    dim: attention.dim,
    valueDim,
    features,
    causal,
    chunk,
    chunks,
    buffers: [
      ...dataBuffers(attention),
      ...projectionBuffer(attention.dim, score),
      ...(maxima ? [maximaBuffer] : []),
      state,
    ],
    passes,
  }
}

function placed(
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

function projectionBuffer(dim: number, { projections }: FactorisedScore): BufferPlan[] {
  if (projections === undefined) return []
  const { count } = projections
  return [{ name: 'w', role: 'projection', element: 'f32', size: count * dim, layout: `[${count}, ${dim}]` }]
}

const maximaBuffer: BufferPlan = {
  name: 'maxima',
  role: 'scratch',
  element: 'f32',
  size: ['+', product('batch', 'heads', 'length'), ['*', product('batch', 'kvHeads'), ['+', 'keyLength', 1]]],
  layout: 'of query rows [B, H, L], of key rows [B, KVH, S], of heads [B, KVH]',
}

/** Row maxima of the projected exponents on either side, then the keys' over each head. */
function maximaPasses(attention: Attention, score: FactorisedScore, projection: readonly string[]): Pass[] {
  const tile = valueTile(1, plainSteps)
  const parts = (which: 'query' | 'key'): Features => ({
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
  return [
    {
      kind: 'row-maxima',
      name: 'query_maxima',
      tile,
      workgroups: product('sliceCount', headsPerGroup, ['ceildiv', 'length', tile.rows]),
      buffers: ['q', ...projection, 'lengths', 'maxima'],
      features: parts('query'),
    },
    {
      kind: 'row-maxima',
      name: 'key_maxima',
      tile,
      workgroups: product('sliceCount', ['ceildiv', 'keyLength', tile.rows]),
      buffers: ['k', ...projection, 'lengths', 'maxima'],
      features: parts('key'),
    },
    {
      kind: 'head-maximum',
      name: 'head_maximum',
      tile,
      workgroups: 'sliceCount',
      buffers: ['maxima', 'lengths'],
    },
  ]
}
