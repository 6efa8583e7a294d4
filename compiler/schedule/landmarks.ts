/**
 * Attention through landmarks: F·(A⁺·(B·V)), each factor the quotients of a
 * kernel over few rows, and A⁺ from a few rounds of products.
 *
 * What is learned is each query head's own and the same for all batch items; so
 * are then A and its inverse, which are made once for all of them. Means are a
 * batch item's own, and no norm is taken beyond one head of it.
 */
import type { Attention, LandmarkScore } from '../algebra/attention.ts'
import {
  countedRows,
  dataBuffers,
  keyRows,
  outRows,
  product,
  queryLengths,
  queryRows,
  valueRows,
} from './buffers.ts'
import { inverseSteps } from './inverse.ts'
import type { BufferPlan, Convolution, OnlinePass, Only, Pass, Rows, Schedule, Size } from './schedule.ts'
import { plainTerm, scaledTerm } from './terms.ts'
import { rowsOfTile, threads, valueTile } from './tiles.ts'

/** Keys that one workgroup takes the landmark queries through. */
const partOfKeys = 256

const headsPerGroup: Size = ['ceildiv', 'heads', 'kvHeads']
const sliceQueryHeads = product('sliceCount', headsPerGroup)

type Landmarks = Rows & { readonly count: number }

export function scheduleLandmarks(attention: Attention, score: LandmarkScore): Schedule {
  const { dim, valueDim } = attention
  const { kernel, count, source } = score
  const scaled = kernel.exponent !== undefined && attention.stabilize.kind === 'auto'
  const learned = source === 'learned'

  const rowsOf = (buffer: string, of: Rows['of']): Landmarks => ({ buffer, of, count })
  const queries = learned ? rowsOf('queryLandmarks', 'head') : rowsOf('queryMeans', 'sliceQueryHead')
  const keys = learned ? rowsOf('landmarks', 'head') : rowsOf('keyMeans', 'sliceKeyHead')
  const ofCore = learned ? 'head' : 'sliceQueryHead'
  const core = rowsOf('core', ofCore)
  const parts = rowsOf('parts', 'sliceQueryHead')
  const summary = rowsOf('summary', 'sliceQueryHead')
  const values = rowsOf('solution', 'sliceQueryHead')

  // Fewer rows than segments have no means. What is learned is there for any number of rows.
  const only = (fewer: Only['fewer']): { readonly only?: Only } =>
    learned ? {} : { only: { fewer, rows: count } }
  const through = only('moreThan')
  const lengths = learned ? [] : ['lengths', 'queryLengths']
  const inverse = inverseSteps({ core, steps: score.pinv, lengths, ...through })
  const convolution: Convolution | undefined =
    score.conv === undefined ? undefined : { filter: 'conv', width: score.conv, values: valueRows }

  const online = (
    name: string,
    rows: Pick<OnlinePass, 'over' | 'queries' | 'keys' | 'values' | 'out' | 'only'>,
    added?: Convolution,
  ): OnlinePass => {
    const width = rows.values === 'identity' ? count : valueDim
    const tile = valueTile(width, rowsOfTile)
    const { queries, keys, values, out } = rows
    const heads = rows.over === 'head' ? 'heads' : sliceQueryHeads
    const queryCount: Size = queries.count === 'length' ? 'length' : count
    const inParts = 'parts' in out
    return {
      kind: 'online',
      name,
      tile,
      workgroups: product(
        heads,
        inParts ? 'chunks' : 1,
        ['ceildiv', queryCount, tile.rows],
        Math.ceil(width / tile.columns),
      ),
      buffers: distinct([
        queries.buffer,
        keys.buffer,
        ...(values === 'identity' ? [] : [values.buffer]),
        ...(added === undefined ? [] : [added.values.buffer, added.filter]),
        ...(rows.over === 'head' ? [] : learned ? ['lengths'] : lengths),
        inParts ? out.parts.buffer : out.buffer,
      ]),
      kernel: scaled ? scaledTerm(kernel, attention.scale) : plainTerm(kernel.value, attention.scale),
      mask: attention.mask,
      normalize: 'sum',
      epsilon: 0,
      valueDim: width,
      ...rows,
      ...(added === undefined ? {} : { convolution: added }),
    }
  }

  const means = (name: string, rows: Rows, out: Landmarks): Pass => ({
    kind: 'means',
    name,
    threads,
    over: out.of === 'sliceKeyHead' ? 'sliceKeyHead' : 'sliceQueryHead',
    workgroups: product(
      out.of === 'sliceKeyHead' ? 'sliceCount' : sliceQueryHeads,
      Math.ceil((count * dim) / threads),
    ),
    buffers: [rows.buffer, ...lengths, out.buffer],
    rows,
    out,
    ...through,
  })

  const passes: Pass[] = [
    ...(learned ? [] : [means('query_means', countedRows, queries), means('key_means', keyRows, keys)]),
    online('summarize', {
      over: 'sliceQueryHead',
      queries,
      keys: keyRows,
      values: valueRows,
      out: { parts },
      ...through,
    }),
    {
      kind: 'merge',
      name: 'merge',
      threads,
      workgroups: product(sliceQueryHeads, Math.ceil((count * valueDim) / threads)),
      buffers: ['parts', ...lengths, 'summary'],
      scaling: scaled ? 'scaled' : 'plain',
      parts,
      out: summary,
      valueDim,
      ...through,
    },
    online('relate_landmarks', {
      over: ofCore,
      queries,
      keys,
      values: 'identity',
      out: core,
      ...through,
    }),
    ...inverse.passes,
    {
      kind: 'product',
      name: 'solve',
      tile: valueTile(valueDim, rowsOfTile),
      over: 'sliceQueryHead',
      workgroups: product(
        sliceQueryHeads,
        Math.ceil(count / rowsOfTile),
        Math.ceil(valueDim / valueTile(valueDim, rowsOfTile).columns),
      ),
      buffers: [inverse.result.buffer, 'summary', ...lengths, 'solution'],
      left: inverse.result,
      right: summary,
      out: values,
      columns: valueDim,
      factor: 1,
      ...through,
    },
    online(
      'attend_landmarks',
      { over: 'sliceQueryHead', queries: queryRows, keys, values, out: outRows, ...through },
      convolution,
    ),
    ...(learned
      ? []
      : [
          online(
            'attend_rows',
            {
              over: 'sliceQueryHead',
              queries: queryRows,
              keys: keyRows,
              values: valueRows,
              out: outRows,
              ...only('atMost'),
            },
            convolution,
          ),
        ]),
  ]

  const numbersOfPart = valueDim + (scaled ? 2 : 1)
  return {
    name: attention.name,
    strategy: 'landmarks',
    dim,
    valueDim,
    features: 0,
    causal: false,
    groups: 'kvHeads',
    chunk: partOfKeys,
    chunks: ['max', 1, ['ceildiv', 'keyLength', partOfKeys]],
    buffers: [
      ...dataBuffers(attention),
      ...(learned
        ? [weight('landmarks', count, dim), weight('queryLandmarks', count, dim)]
        : [
            queryLengths,
            scratch('queryMeans', sliceQueryHeads, `query head: [${count} × ${dim}]`, count * dim),
            scratch('keyMeans', 'sliceCount', `key/value head: [${count} × ${dim}]`, count * dim),
          ]),
      ...(score.conv === undefined ? [] : [weight('conv', score.conv)]),
      scratch(
        'parts',
        product(sliceQueryHeads, 'chunks'),
        `query head, part and landmark: numerators [${valueDim}], denominator${scaled ? ', log-scale' : ''}`,
        count * numbersOfPart,
      ),
      scratch('summary', sliceQueryHeads, `query head: B·V [${count} × ${valueDim}]`, count * valueDim),
      ...['core', ...inverse.scratch].map((name) =>
        scratch(
          name,
          learned ? 'heads' : sliceQueryHeads,
          `query head: [${count} × ${count}]`,
          count * count,
        ),
      ),
      scratch('solution', sliceQueryHeads, `query head: A⁺·(B·V) [${count} × ${valueDim}]`, count * valueDim),
    ],
    passes,
    rounds: inverse.rounds,
  }
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)]

const scratch = (name: string, heads: Size, layout: string, each: number): BufferPlan => ({
  name,
  role: 'scratch',
  element: 'f32',
  size: product(heads, each),
  layout: `per ${layout}`,
})

function weight(name: string, ...sizes: readonly number[]): BufferPlan {
  return {
    name,
    role: 'weight',
    element: 'f32',
    size: product('heads', ...sizes),
    layout: `[H, ${sizes.join(', ')}]`,
  }
}
