/**
 * Exact attention without workgroup memory.
 *
 * A cell that adds up values would have to evaluate κ anew for each of its
 * columns, so the weights of a row are a pass of their own, and every number of
 * the output costs one product a key. Rows stand apart, so that a long sequence
 * runs in blocks of its query rows, with the weights of one block in memory.
 *
 *   exponents   of κ for each pair, nothing where the mask hides it
 *   scales      the largest of each row: of what the row sees and of no more
 *   weights     coefficient · exp(exponent − scale)
 *   factors     1 over each row's sum of weights
 *   average     Σ weight · value, times the factor
 *
 * A κ without exponent goes from its pairs to the factors.
 */
import type { Attention, ExactScore, Mask, ScaledTerm } from '../../algebra/attention.ts'
import { dataBuffers, keyRows, positions, product, queryRows, valueRows } from '../buffers.ts'
import { undecodable } from '../decodable.ts'
import type { BufferPlan, Rows, Schedule, Size } from '../schedule.ts'
import { naturalTerm, plainTerm } from '../terms.ts'
import type { CellConvolution, CellPass } from './passes.ts'
import { cellPass, countOf, pairOperations, scratch, sliceHeads } from './plan.ts'

/** κ of rows and rows, and sums over the second. */
export interface Attend {
  readonly attention: Attention
  readonly kernel: ScaledTerm
  readonly mask: Mask
  readonly over: 'sliceQueryHead' | 'head'
  readonly queries: Rows
  readonly keys: Rows
  /** Absent: the quotients of the weights are the result. */
  readonly values?: Rows
  readonly columns: number
  readonly normalize: 'sum' | 'none'
  readonly epsilon: number
  readonly convolution?: CellConvolution
  /** In the names of passes; in those of buffers, too. */
  readonly name: string
  readonly out: string
  readonly lengths: boolean
  readonly positions?: boolean
}

export function attend(from: Attend): { passes: readonly CellPass[]; buffers: readonly BufferPlan[] } {
  const { attention, kernel, mask, over, queries, keys, values, columns, normalize, epsilon, name, out } =
    from
  const scaled = kernel.exponent !== undefined && attention.stabilize.kind === 'auto'
  const term = scaled ? naturalTerm(kernel, attention.scale) : plainTerm(kernel.value, attention.scale)
  const heads: Size = over === 'head' ? 'heads' : sliceHeads('kvHeads')
  const [rows, columnsOfKeys] = [countOf(queries), countOf(keys)]
  const pairs: readonly [Size, Size, Size] = [columnsOfKeys, rows, heads]
  const lengths = [...(from.lengths ? ['lengths'] : []), ...(from.positions ? ['positions'] : [])]
  const title = (word: string): string => `${name}_${word}`
  const buffer = (word: string): string => `${camel(name)}${word}`
  const each = over === 'head' ? 'per head' : 'per query head'
  const exponents = buffer('Exponents')
  const weights = buffer('Weights')
  const scales = buffer('Scales')
  const factors = buffer('Factors')
  const operations = pairOperations(term)
  const divides = normalize === 'sum' || scaled

  const passes: CellPass[] = [
    cellPass({
      name: title(scaled ? 'exponents' : 'weights'),
      over,
      extent: pairs,
      buffers: distinct([queries.buffer, keys.buffer, ...lengths, scaled ? exponents : weights]),
      work: { kind: 'pairs', kernel: term, mask, queries, keys },
      what: scaled ? 'the exponent of κ for each key and query row' : 'κ of each key and query row',
      flops: product(...pairs, operations),
    }),
  ]
  if (term.kind === 'scaled')
    passes.push(
      cellPass({
        name: title('scales'),
        over,
        extent: [rows, heads, 1],
        buffers: [exponents, scales],
        work: { kind: 'pair-scales', mask, exponents, queries, keys },
        what: 'the largest exponent of each query row',
        flops: product(...pairs),
      }),
      cellPass({
        name: title('weights'),
        over,
        extent: pairs,
        buffers: distinct([
          exponents,
          scales,
          ...(term.coefficient === undefined ? [] : [queries.buffer, keys.buffer]),
          weights,
        ]),
        work: { kind: 'pair-weights', kernel: term, exponents, scales, queries, keys },
        what: 'the weight of each key for each query row, over the exponential of the row’s scale',
        flops: product(...pairs, 2),
      }),
    )
  if (divides)
    passes.push(
      cellPass({
        name: title('factors'),
        over,
        extent: [rows, heads, 1],
        buffers: [weights, ...(scaled ? [scales] : []), factors],
        work: {
          kind: 'row-factors',
          mask,
          weights,
          ...(scaled ? { scales } : {}),
          queries,
          keys,
          normalize,
          epsilon,
        },
        what:
          normalize === 'sum' ? '1 over each row’s sum of weights' : 'the exponential of each row’s scale',
        flops: normalize === 'sum' ? product(...pairs) : product(rows, heads),
      }),
    )
  const { convolution } = from
  passes.push(
    values === undefined
      ? cellPass({
          name: title('quotients'),
          over,
          extent: pairs,
          buffers: [weights, factors, out],
          work: { kind: 'quotients', weights, factors, queries, keys },
          what: 'each weight over the sum of its row’s',
          flops: product(...pairs),
        })
      : cellPass({
          name,
          over,
          extent: [columns, rows, heads],
          buffers: distinct([
            weights,
            ...(divides ? [factors] : []),
            values.buffer,
            ...lengths,
            ...(convolution === undefined ? [] : [convolution.values.buffer, convolution.filter, 'lengths']),
            out,
          ]),
          work: {
            kind: 'average',
            mask,
            weights,
            ...(divides ? { factors } : {}),
            queries,
            keys,
            values,
            columns,
            ...(convolution === undefined ? {} : { convolution }),
          },
          what: `Σ weight · value of each query row${convolution === undefined ? '' : ', and the convolution over the values'}`,
          flops: product(rows, heads, columns, ['+', ['*', 2, columnsOfKeys], 2 * (convolution?.width ?? 0)]),
        }),
  )
  const pairLayout = `${each} and row: [keys]`
  const buffers = [
    ...(scaled
      ? [
          scratch(exponents, pairs, `${pairLayout}, natural exponents`),
          scratch(scales, [rows, heads], `${each}: [rows], natural exponents`),
        ]
      : []),
    scratch(weights, pairs, pairLayout),
    ...(divides ? [scratch(factors, [rows, heads], `${each}: [rows]`)] : []),
  ]
  return { passes, buffers }
}

export function scheduleExactCells(attention: Attention, score: ExactScore): Schedule {
  const { dim, valueDim, mask, normalize, epsilon } = attention
  const whole = {
    attention,
    kernel: score.kernel,
    mask,
    over: 'sliceQueryHead',
    columns: valueDim,
    normalize,
    epsilon,
    out: 'out',
  } as const
  const forward = attend({
    ...whole,
    queries: queryRows,
    keys: keyRows,
    values: valueRows,
    name: 'attend',
    lengths: true,
  })
  const causal = mask.kind === 'causal'
  const schedule: Schedule = {
    name: attention.name,
    strategy: 'exact',
    dim,
    valueDim,
    features: 0,
    causal,
    groups: 'kvHeads',
    rows: 'apart',
    chunk: 1,
    chunks: 1,
    buffers: [...dataBuffers(attention), ...forward.buffers],
    passes: forward.passes,
  }
  if (undecodable(attention) !== undefined) return schedule

  // The prefix and a token are the same passes: rows into the cache, and queries through it.
  const cached = (buffer: string): Rows => ({ buffer, of: 'cachedHead', count: 'cached' })
  const through = attend({
    ...whole,
    queries: queryRows,
    keys: cached('keyCache'),
    values: cached('valueCache'),
    name: 'attend_cached',
    lengths: true,
    positions: true,
  })
  const cache = (name: string, width: number): BufferPlan => ({
    name,
    role: 'state',
    element: 'f32',
    size: product('batch', 'kvHeads', 'capacity', width),
    layout: `[B, KVH, capacity, ${width}]`,
  })
  const append = (name: string, from: string, to: string, width: number): CellPass =>
    cellPass({
      name,
      over: 'sliceKeyHead',
      extent: [width, 'capacity', 'sliceCount'],
      buffers: [from, 'positions', to, to],
      work: { kind: 'append', from, cache: to, width },
      what: `${to} with the new rows of ${from} behind those that are there`,
      flops: 0,
    })
  const decoding: Schedule = {
    ...schedule,
    buffers: [
      ...dataBuffers(attention),
      positions,
      cache('keyCache', dim),
      cache('valueCache', valueDim),
      ...through.buffers,
    ],
    passes: [
      append('append_keys', 'k', 'keyCache', dim),
      append('append_values', 'v', 'valueCache', valueDim),
      ...through.passes,
    ],
  }
  return { ...schedule, decoding: { prefill: decoding, step: decoding } }
}

export const distinct = (names: readonly string[]): string[] => [...new Set(names)]

/** `attend_cached` as a name of buffers: `attendCached`. */
const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
