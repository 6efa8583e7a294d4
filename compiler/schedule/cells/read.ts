/** How query rows read a state: their scales, what they weigh, and their quotients. */
import { product } from '../buffers.ts'
import type { BufferPlan, Size } from '../schedule.ts'
import type { FactorisedPlan } from './factorised.ts'
import type { CellPass } from './passes.ts'
import { cellPass, scratch } from './plan.ts'

/** @param from the states of the call's own rows, or the one that decoding carries */
export function readPasses(
  plan: FactorisedPlan,
  from: 'state' | 'carried',
): { readonly passes: readonly CellPass[]; readonly buffers: readonly BufferPlan[] } {
  const { attention, features, scaling, heads, decays, queryCoefficients, keyCoefficients, rowsOfChunk } =
    plan
  const { valueDim, normalize, epsilon } = attention
  const scaled = scaling === 'scaled'
  const near = plan.causal && from === 'state'
  // Kernels of one name are the same in all forms.
  const named = (name: string): string => (from === 'carried' ? `token_${name}` : name)
  const scales = `${from}Scales`
  const sums = `${from}Sums`
  const fading = decays && from === 'state'
  const weighed = scaled || fading
  const weights = weighed ? 'queryWeights' : 'queryFeatures'
  const divides = scaled || normalize === 'sum'
  const ofQuery = scaled
    ? ['queryExponents', ...(queryCoefficients ? ['queryCoefficients'] : [])]
    : ['queryFeatures']
  const ofKey = scaled ? ['keyExponents', ...(keyCoefficients ? ['keyCoefficients'] : [])] : ['keyFeatures']
  const decay = fading ? ['decay'] : []
  const lengths = fading ? ['lengths'] : []
  const rows: readonly [Size, Size, Size] = ['length', heads, 1]
  const perFeature: readonly [Size, Size, Size] = [features, 'length', heads]
  const pairs: readonly [Size, Size, Size] = [rowsOfChunk, 'length', heads]
  const read = (
    result: 'factors' | 'rows',
    name: string,
    extent: readonly [Size, Size, Size],
    what: string,
  ): CellPass =>
    cellPass({
      name,
      over: 'sliceQueryHead',
      extent,
      buffers: [
        weights,
        sums,
        ...(near ? ['nearWeights'] : []),
        ...(result === 'rows' && near ? ['v', 'lengths'] : []),
        ...(result === 'rows' ? (divides ? ['rowFactors'] : []) : scaled ? ['rowScales'] : []),
        result === 'rows' ? 'out' : 'rowFactors',
      ],
      work: { kind: 'read', result, weights, sums, chunked: near, near, scaling, normalize, epsilon },
      what,
      flops: product(...extent, 2, near ? features + rowsOfChunk : features),
    })
  const passes: CellPass[] = []
  const buffers: BufferPlan[] = []
  if (scaled) {
    passes.push(
      cellPass({
        name: named('row_scales'),
        over: 'sliceQueryHead',
        extent: rows,
        buffers: [
          'queryExponents',
          scales,
          ...(near ? ['keyExponents'] : []),
          ...lengths,
          ...decay,
          'rowScales',
        ],
        work: { kind: 'row-scales', near, scales, decays: fading },
        what: 'the largest exponent of each query row, among the keys that it sees',
        flops: product(...rows, features, near ? rowsOfChunk : 2),
      }),
    )
    buffers.push(scratch('rowScales', rows, 'per query head: [rows]'))
  }
  if (weighed) {
    passes.push(
      cellPass({
        name: named('query_weights'),
        over: 'sliceQueryHead',
        extent: perFeature,
        buffers: [...ofQuery, ...(scaled ? ['rowScales', scales] : []), ...lengths, ...decay, 'queryWeights'],
        work: {
          kind: 'query-weights',
          scaling,
          coefficients: queryCoefficients,
          chunked: near,
          scales,
          decays: fading,
        },
        what: 'what each component of φ(q) weighs in the state that its row reads',
        flops: product(...perFeature, 3),
      }),
    )
    buffers.push(scratch('queryWeights', perFeature, `per query head and row: [${features}]`))
  }
  if (near) {
    passes.push(
      cellPass({
        name: named('near_weights'),
        over: 'sliceQueryHead',
        extent: pairs,
        buffers: [...ofQuery, ...ofKey, ...(scaled ? ['rowScales'] : []), ...decay, 'nearWeights'],
        work: { kind: 'near-weights', scaling, queryCoefficients, keyCoefficients, decays: fading },
        what: 'φ(q)·φ(k) of each row and the rows of its chunk up to its own',
        flops: product('length', heads, rowsOfChunk / 2, features * (scaled ? 4 : 2)),
      }),
    )
    buffers.push(scratch('nearWeights', pairs, `per query head and row: [${rowsOfChunk}]`))
  }
  if (divides) {
    passes.push(
      read(
        'factors',
        named('row_factors'),
        rows,
        normalize === 'sum' ? '1 over each row’s sum of weights' : 'the exponential of each row’s scale',
      ),
    )
    buffers.push(scratch('rowFactors', rows, 'per query head: [rows]'))
  }
  passes.push(
    read(
      'rows',
      named('read'),
      [valueDim, 'length', heads],
      `φ(q)·S of each query row${near ? ', with the pairs of its chunk' : ''}${divides ? ', times its factor' : ''}`,
    ),
  )
  return { passes, buffers }
}
