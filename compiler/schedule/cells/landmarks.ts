/**
 * Attention through landmarks without workgroup memory: F·(A⁺·(B·V)) as in
 * `../landmarks.ts`, each factor from pairs, weights and quotients, and A⁺ from
 * products one after the other.
 *
 * Batch items with as few rows as there are segments are exact. Their keys or
 * their queries are few, so that the last pass computes them cell by cell.
 */
import type { Attention, LandmarkScore } from '../../algebra/attention.ts'
import { countedRows, dataBuffers, keyRows, product, queryLengths, queryRows, valueRows } from '../buffers.ts'
import type { BufferPlan, Rows, Schedule, Size } from '../schedule.ts'
import { naturalTerm, plainTerm } from '../terms.ts'
import { attend, distinct } from './exact.ts'
import { inverseCells } from './inverse.ts'
import type { CellConvolution, CellPass } from './passes.ts'
import { cellPass, countOf, pairOperations, scratch, sliceHeads } from './plan.ts'

export function scheduleLandmarkCells(attention: Attention, score: LandmarkScore): Schedule {
  const { dim, valueDim, mask, scale } = attention
  const { kernel, count, source, pinv } = score
  const learned = source === 'learned'
  const heads = sliceHeads('kvHeads')
  const rowsOf = (buffer: string, of: Rows['of']): Rows & { readonly count: number } => ({
    buffer,
    of,
    count,
  })
  const queries = learned ? rowsOf('queryLandmarks', 'head') : rowsOf('queryMeans', 'sliceQueryHead')
  const keys = learned ? rowsOf('landmarks', 'head') : rowsOf('keyMeans', 'sliceKeyHead')
  const over = learned ? 'head' : 'sliceQueryHead'
  const ofCore = learned ? 'heads' : heads
  const convolution: CellConvolution | undefined =
    score.conv === undefined ? undefined : { filter: 'conv', width: score.conv, values: valueRows }
  const common = { attention, kernel, mask, normalize: 'sum', epsilon: 0 } as const

  const means = (name: string, rows: Rows, of: Size, out: string): CellPass =>
    cellPass({
      name,
      over: out === 'keyMeans' ? 'sliceKeyHead' : 'sliceQueryHead',
      extent: [dim, count, of],
      buffers: [rows.buffer, out === 'keyMeans' ? 'lengths' : 'queryLengths', out],
      work: { kind: 'means', rows, segments: count },
      what: `the mean of each of ${count} segments of the rows of ${rows.buffer}`,
      flops: product(countOf(rows), dim, of),
    })
  const summarize = attend({
    ...common,
    over: 'sliceQueryHead',
    queries,
    keys: keyRows,
    values: valueRows,
    columns: valueDim,
    name: 'summarize',
    out: 'summary',
    lengths: true,
  })
  const relate = attend({
    ...common,
    over,
    queries,
    keys,
    columns: count,
    name: 'relate_landmarks',
    out: 'core',
    lengths: false,
  })
  const inverse = inverseCells({ core: rowsOf('core', over), over, heads: ofCore, steps: pinv })
  const values = rowsOf('solution', 'sliceQueryHead')
  const through = attend({
    ...common,
    over: 'sliceQueryHead',
    queries: queryRows,
    keys,
    values,
    columns: valueDim,
    name: 'attend_landmarks',
    out: learned ? 'out' : 'approximate',
    lengths: false,
    ...(learned && convolution !== undefined ? { convolution } : {}),
  })
  const scaled = kernel.exponent !== undefined && attention.stabilize.kind === 'auto'
  const term = scaled ? naturalTerm(kernel, scale) : plainTerm(kernel.value, scale)
  const fewRows = cellPass({
    name: 'attend_rows',
    over: 'sliceQueryHead',
    extent: [valueDim, 'length', heads],
    buffers: distinct([
      'q',
      'k',
      'v',
      'lengths',
      'queryLengths',
      'approximate',
      ...(convolution === undefined ? [] : [convolution.filter]),
      'out',
    ]),
    work: {
      kind: 'few-rows',
      only: { fewer: 'atMost', rows: count },
      kernel: term,
      mask,
      otherwise: 'approximate',
      ...(convolution === undefined ? {} : { convolution }),
    },
    what: `what landmarks gave, or the exact quotients of batch items with at most ${count} rows${
      convolution === undefined ? '' : '; and the convolution over the values'
    }`,
    flops: product(valueDim, 'length', heads, 2 * (convolution?.width ?? 1) + pairOperations(term)),
  })

  const weight = (name: string, ...sizes: readonly number[]): BufferPlan => ({
    name,
    role: 'weight',
    element: 'f32',
    size: product('heads', ...sizes),
    layout: `[H, ${sizes.join(', ')}]`,
  })
  const matrix = (name: string, of: Size, width: number): BufferPlan =>
    scratch(name, [width, count, of], `per head: [${count} × ${width}]`)
  return {
    name: attention.name,
    strategy: 'landmarks',
    dim,
    valueDim,
    features: 0,
    causal: false,
    groups: 'kvHeads',
    chunk: 1,
    chunks: 1,
    buffers: [
      ...dataBuffers(attention),
      ...(learned
        ? [weight('landmarks', count, dim), weight('queryLandmarks', count, dim)]
        : [queryLengths, matrix('queryMeans', heads, dim), matrix('keyMeans', 'sliceCount', dim)]),
      ...(score.conv === undefined ? [] : [weight('conv', score.conv)]),
      ...summarize.buffers,
      matrix('summary', heads, valueDim),
      ...relate.buffers,
      matrix('core', ofCore, count),
      scratch('norms', [ofCore], '[heads]'),
      ...inverse.scratch.map((name) => matrix(name, ofCore, count)),
      matrix('solution', heads, valueDim),
      ...through.buffers,
      ...(learned
        ? []
        : [scratch('approximate', [valueDim, 'length', heads], `per query head and row: [${valueDim}]`)]),
    ],
    passes: [
      ...(learned
        ? []
        : [
            means('query_means', countedRows, heads, 'queryMeans'),
            means('key_means', keyRows, 'sliceCount', 'keyMeans'),
          ]),
      ...summarize.passes,
      ...relate.passes,
      ...inverse.passes,
      cellPass({
        name: 'solve',
        over: 'sliceQueryHead',
        extent: [valueDim, count, heads],
        buffers: [inverse.result.buffer, 'summary', 'solution'],
        work: {
          kind: 'product',
          left: inverse.result,
          right: rowsOf('summary', 'sliceQueryHead'),
          columns: valueDim,
          factor: 1,
        },
        what: 'A⁺·(B·V)',
        flops: product(valueDim, count, heads, 2 * count),
      }),
      ...through.passes,
      ...(learned ? [] : [fewRows]),
    ],
    rounds: inverse.rounds,
  }
}
