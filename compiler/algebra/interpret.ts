/**
 * The meaning of an attention of the algebra, in float64: exact scores are summed
 * pair by pair, features by the state of `state.ts` one key after the other. The
 * schedule is held to this, and this to the checked spec.
 */
import { queryRowsOf } from '../../runtime/contract/query-lengths.ts'
import { invariant } from '../diagnostics/invariant.ts'
import { environmentOf, evaluateScalar } from '../symbolic/evaluate.ts'
import type { Attention, FactorisedScore, Mask, ScaledTerm } from './attention.ts'
import { type Call, type Head, rowsOf } from './interpret/call.ts'
import { featureRows, type Side } from './interpret/features.ts'
import { throughLandmarks } from './interpret/landmarks.ts'
import { combine, decay as decayed, empty, type FeatureRow, read, type State, token } from './state.ts'

export type { Call } from './interpret/call.ts'

/** The output [batch, heads, length, valueDim]; nothing for a kind of score that is not interpreted here. */
export function interpret(attention: Attention, call: Call): Float64Array | undefined {
  const { dim, valueDim, scale } = attention
  const { batch, heads, kvHeads, length, keyLength, projection } = call
  const factor = Math.sqrt(scale)
  const w = projection === undefined ? [] : rowsOf(projection, 0, projection.length / dim, dim, 1)
  const out = new Float64Array(batch * heads * length * valueDim)
  for (let group = 0; group < batch * heads; group++) {
    const [item, index] = [Math.floor(group / heads), group % heads]
    const first = (item * kvHeads + Math.floor((index * kvHeads) / heads)) * keyLength
    const visible = call.lengths?.[item] ?? keyLength
    const rows = headOutput(attention, call, w, {
      index,
      q: rowsOf(call.q, group * length, length, dim, factor),
      queries: queryRowsOf(call, item),
      k: rowsOf(call.k, first, visible, dim, factor),
      v: rowsOf(call.v, first, visible, valueDim, 1),
    })
    if (rows === undefined) return undefined
    rows.forEach((row, i) => out.set(row, (group * length + i) * valueDim))
  }
  return out
}

function headOutput(
  attention: Attention,
  call: Call,
  projection: readonly Float64Array[],
  head: Head,
): readonly Float64Array[] | undefined {
  const { score, valueDim } = attention
  if (head.k.length === 0) return head.q.map(() => new Float64Array(valueDim))
  switch (score.kind) {
    case 'exact':
      return exactOutput(attention, score.kernel, head)
    case 'factorised':
      return factorisedOutput(attention, score, projection, head)
    case 'landmarks':
      return throughLandmarks(attention, score, head, call, (part) =>
        exactOutput({ ...attention, normalize: 'sum', epsilon: 0 }, score.kernel, part),
      )
    case 'compressed': {
      const { compressKeys, compressValues = compressKeys } = call.weights ?? {}
      const pool = (weights: Call['k'] | undefined, rows: readonly Float64Array[]): Float64Array[] =>
        pooled(weights?.subarray(...partOf(weights, head.index, call.heads)), score.count, rows)
      const [k, v] = [pool(compressKeys, head.k), pool(compressValues, head.v)]
      return exactOutput(attention, score.kernel, { ...head, k, v })
    }
    case 'bucketed':
      return undefined
  }
}

function exactOutput(attention: Attention, kernel: ScaledTerm, { index, q, k, v }: Head): Float64Array[] {
  const sees = visibility(attention.mask, k.length)
  const gamma = gammaOf(attention, index)
  return q.map((row, i) => {
    const terms = k.flatMap((other, j) => {
      if (!sees(i, j)) return []
      const environment = environmentOf({ q: row, k: other })
      return [
        {
          coefficient: evaluateScalar(kernel.coefficient, environment),
          exponent:
            (kernel.exponent === undefined ? 0 : evaluateScalar(kernel.exponent, environment)) +
            (i - j) * Math.log(gamma),
          value: v[j] ?? new Float64Array(0),
        },
      ]
    })
    const scale = terms.reduce((top, { exponent }) => Math.max(top, exponent), -Infinity)
    const numerator = new Float64Array(v[0]?.length ?? attention.valueDim)
    let denominator = 0
    for (const { coefficient, exponent, value } of terms) {
      const weight = coefficient * Math.exp(exponent - scale)
      denominator += weight
      value.forEach((entry, column) => {
        numerator[column] = (numerator[column] ?? 0) + weight * entry
      })
    }
    return quotient(attention, { scale, numerator, denominator })
  })
}

function factorisedOutput(
  attention: Attention,
  score: FactorisedScore,
  projection: readonly Float64Array[],
  { index, q, queries: counted, k, v }: Head,
): Float64Array[] {
  const { valueDim, mask } = attention
  const features = (side: Side): FeatureRow[] =>
    side === 'query'
      ? featureRows(attention, score.query, side, q, counted, projection)
      : featureRows(attention, score.key, side, k, k.length, projection)
  const [queries, keys] = [features('query'), features('key')]
  const gamma = gammaOf(attention, index)
  const after = (state: State, row: number): State => {
    const older = decayed(state, gamma, 1)
    const [key, value] = [keys[row], v[row]]
    return key === undefined || value === undefined ? older : combine(older, token(key, value))
  }
  const whole = (): State => keys.reduce((state, _, row) => after(state, row), nothing)
  const nothing = empty(score.features, valueDim)
  if (mask.kind !== 'causal') {
    const state = whole()
    return queries.map((query) => quotient(attention, read(state, query)))
  }
  let state = nothing
  return queries.map((query, row) => {
    state = after(state, row)
    return quotient(attention, read(state, query))
  })
}

const partOf = ({ length }: Call['k'], head: number, heads: number): [number, number] => [
  (head * length) / heads,
  ((head + 1) * length) / heads,
]

/** Σ_j E_nj row_j for each n; a head may have weights for more rows than there are. */
function pooled(
  weights: Call['k'] | undefined,
  count: number,
  rows: readonly Float64Array[],
): Float64Array[] {
  invariant(weights !== undefined, 'the weights that pool are given')
  const width = weights.length / count
  return Array.from({ length: count }, (_, n) => {
    const sum = new Float64Array(rows[0]?.length ?? 0)
    rows.forEach((row, j) =>
      row.forEach((entry, t) => {
        sum[t] = (sum[t] ?? 0) + (weights[n * width + j] ?? 0) * entry
      }),
    )
    return sum
  })
}

/** A row without any weight gives zeros. */
export function quotient(
  { normalize, epsilon }: Pick<Attention, 'normalize' | 'epsilon'>,
  { scale, numerator, denominator }: { scale: number; numerator: Float64Array; denominator: number },
): Float64Array {
  if (scale === -Infinity) return numerator
  if (normalize === 'none') return numerator.map((sum) => sum * Math.exp(scale))
  const sum = denominator + (epsilon === 0 ? 0 : epsilon * Math.exp(-scale))
  return numerator.map((entry) => (sum === 0 ? 0 : entry / sum))
}

/** γ of a head. */
export const gammaOf = ({ decay }: Attention, head: number): number =>
  decay === undefined ? 1 : evaluateScalar(decay, environmentOf({ head }))

/** Whether query row i sees key row j, of `keys` visible ones. */
export function visibility(mask: Mask, keys: number): (i: number, j: number) => boolean {
  if (mask.kind === 'none') return () => true
  if (mask.kind === 'causal') return (i, j) => j <= i
  return (i, j) => evaluateScalar(mask.condition, environmentOf({ i, j, length: keys })) !== 0
}
