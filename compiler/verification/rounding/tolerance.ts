/** How far an output of f32 arithmetic may be from its value. */
import { queryRowsOf } from '../../../runtime/contract/query-lengths.ts'
import type { Attention } from '../../algebra/attention.ts'
import { logFactor } from '../../algebra/action.ts'
import { actionOf } from '../../algebra/facts.ts'
import { visibility } from '../../algebra/interpret.ts'
import { rowsOf } from '../../algebra/interpret/call.ts'
import type { Call } from '../execution/executor.ts'
import { lossOfSum } from './bounded.ts'
import { unit } from '../../symbolic/single.ts'
import { pairRows, type PairRow } from './pairs.ts'

/**
 * One bound per entry of `expected`, which has the query rows `wanted` of each
 * head: [batch, heads, wanted, valueDim].
 */
export function tolerances(
  attention: Attention,
  call: Call,
  projection: Float32Array | undefined,
  wanted: readonly number[],
  expected: Float64Array,
): Float64Array {
  const { valueDim } = attention
  const result = new Float64Array(expected.length)
  headsOf(attention, call, projection, wanted).forEach(({ pairs, values }, group) =>
    pairs.forEach((row, n) => {
      const start = (group * wanted.length + n) * valueDim
      const bounds = outputBounds(attention, row, values, expected.subarray(start, start + valueDim))
      result.set(bounds, start)
    }),
  )
  return result
}

/** No f32 number is larger than about 3.4e38, and below 1.2e-38 digits are lost. */
const nearlyOverflows = 1e36
const nearlyVanishes = 1e-33

/**
 * Whether every sum that the output is made of fits into f32, given that exponents are
 * carried beside it where the algebra has found them.
 */
export function fitsF32(attention: Attention, call: Call, projection: Float32Array | undefined): boolean {
  const every = Array.from({ length: call.length }, (_, row) => row)
  return headsOf(attention, call, projection, every).every(({ pairs, values }) => {
    const largest = values.reduce(
      (top, row) => row.reduce((most, entry) => Math.max(most, Math.abs(entry)), top),
      1,
    )
    return pairs.every(({ scale, magnitude }) => {
      const sum = magnitude.reduce((total, size) => total + size, 0) * largest
      if (sum > 0 && sum < nearlyVanishes) return false
      const outside =
        attention.division.kind === 'none' && scale !== -Infinity ? Math.exp(Math.max(0, scale)) : 1
      return sum * outside < nearlyOverflows
    })
  })
}

interface Head {
  readonly pairs: readonly PairRow[]
  readonly values: readonly Float64Array[]
}

/** Of each batch item and head, in the order of the output. */
function headsOf(
  attention: Attention,
  call: Call,
  projection: Float32Array | undefined,
  wanted: readonly number[],
): Head[] {
  const { dim, valueDim, scale, mask } = attention
  const { batch, heads, kvHeads, length, keyLength, lengths } = call
  const action = actionOf(attention)
  const factor = Math.sqrt(scale)
  const w = projection === undefined ? [] : rowsOf(projection, 0, projection.length / dim, dim, 1)
  return Array.from({ length: batch * heads }, (_, group) => {
    const [item, head] = [Math.floor(group / heads), group % heads]
    const visible = lengths?.[item] ?? keyLength
    const kvHead = item * kvHeads + Math.floor((head * kvHeads) / heads)
    const q = rowsOf(call.q, group * length, length, dim, factor)
    const k = rowsOf(call.k, kvHead * keyLength, visible, dim, factor)
    const pairs = pairRows(
      attention,
      { q, queries: queryRowsOf(call, item), k, projection: w },
      wanted,
      visibility(mask, visible),
    )
    const after = logFactor(action, head)
    return {
      pairs: after(1) === 0 ? pairs : pairs.map((row, n) => discount(row, wanted[n] ?? 0, after)),
      values: rowsOf(call.v, kvHead * keyLength, visible, valueDim, 1),
    }
  })
}

/** What rows shrink is measured from the last key that a row sees anything of, so that it is held however old that is. */
function discount(
  { scale, value, magnitude, error }: PairRow,
  i: number,
  after: (rows: number) => number,
): PairRow {
  const last = magnitude.findLastIndex((size, j) => j <= i && size > 0)
  const since = last === -1 ? 0 : i - last
  const weights = magnitude.map((_, j) => Math.exp(after(Math.max(0, i - j - since))))
  const weight = (j: number): number => weights[j] ?? 0
  return {
    scale: scale + after(since),
    value: value.map((score, j) => score * weight(j)),
    magnitude: magnitude.map((size, j) => size * weight(j)),
    error: error.map((bound, j) => (bound + 4 * Math.abs(i - j) * unit * (magnitude[j] ?? 0)) * weight(j)),
  }
}

function outputBounds(
  { division }: Attention,
  { scale, value, magnitude, error }: PairRow,
  values: readonly Float64Array[],
  expected: Float64Array,
): Float64Array {
  const loss = lossOfSum(values.length)
  const numerator = new Float64Array(expected.length)
  let denominator = 0
  let uncertainty = 0
  let largest = 0
  values.forEach((row, j) => {
    const bound = (error[j] ?? 0) + loss * (magnitude[j] ?? 0)
    denominator += value[j] ?? 0
    uncertainty += bound
    row.forEach((entry, column) => {
      numerator[column] = (numerator[column] ?? 0) + bound * Math.abs(entry)
      largest = Math.max(largest, Math.abs(entry))
    })
  })
  if (division.kind === 'none') {
    const factor = Math.exp(scale === -Infinity ? 0 : scale)
    return numerator.map(
      (bound, column) => bound * factor + 8 * unit * Math.abs(expected[column] ?? 0) + 1e-30,
    )
  }
  const { epsilon } = division
  const added = epsilon === 0 || scale === -Infinity ? epsilon : epsilon * Math.exp(-scale)
  const left = Math.abs(denominator + added) - uncertainty - loss * added
  return numerator.map((bound, column) => {
    const out = Math.abs(expected[column] ?? 0)
    if (left <= 0) return Infinity
    return (bound + out * uncertainty) / left + 8 * unit * (out + largest)
  })
}
