/**
 * Passes over features. The state of a chunk is taken as of its last row, also
 * where the rows end before it: key j of chunk c weighs γ^((c+1)·chunk − 1 − j).
 */
import { invariant } from '../../diagnostics/invariant.ts'
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import type {
  Features,
  FinishPass,
  HeadMaximumPass,
  ProjectPass,
  ReducePass,
  RowMaximaPass,
  ScanPass,
  Schedule,
  TransformPass,
} from '../schedule.ts'
import type { Memory, Owner, State } from './memory.ts'
import { addTo, quotient } from './row-passes.ts'
import { evaluateTerm } from './term.ts'

/** φ of a row: feature f is coefficient[f] · 2^exponent[f]. */
interface FeatureRow {
  readonly coefficient: Float64Array
  readonly exponent: Float64Array
}

const ofQueries = { buffer: 'q', of: 'queryHead', count: 'length' } as const
const ofKeys = { buffer: 'k', of: 'keyHead', count: 'visible' } as const
const ofValues = { buffer: 'v', of: 'keyHead', count: 'visible' } as const

/** Projected rows, by whose they are. */
const throughProjections = {
  query: { buffer: 'projected queries', of: 'queryHead', count: 'length' },
  key: { buffer: 'projected keys', of: 'keyHead', count: 'visible' },
} as const

export function project(_: Schedule, __: TransformPass | ProjectPass, memory: Memory): void {
  const through = (x: Float64Array): Float64Array =>
    Float64Array.from(memory.projection, (w) => x.reduce((sum, entry, t) => sum + entry * (w[t] ?? 0), 0))
  for (const owner of memory.owners('sliceQueryHead'))
    memory.put(throughProjections.query, owner, memory.rows(ofQueries, owner).map(through))
  for (const owner of memory.owners('sliceKeyHead'))
    memory.put(throughProjections.key, owner, memory.rows(ofKeys, owner).map(through))
}

/** log₂ γ of a query head; 0 where nothing decays. */
function logDecay({ buffers }: Schedule, { head }: Owner): number {
  const value = buffers.find(({ name }) => name === 'decay')?.value
  return value === undefined ? 0 : evaluateScalar(value, environmentOf({ head }))
}

export function reduce(schedule: Schedule, pass: ReducePass, memory: Memory): void {
  const { chunk, valueDim } = schedule
  for (const owner of memory.owners(schedule.groups)) {
    const keys = featureRows(pass.features, pass.buffers, memory, owner)
    const values = memory.rows(ofValues, owner)
    for (let c = 0; c < chunksOf(schedule, memory); c++) {
      const end = (c + 1) * chunk
      const tokens = keys.slice(c * chunk, end).map((key, n): State => {
        const j = c * chunk + n
        const faded = logDecay(schedule, owner) * (end - 1 - j)
        return token(key, values[j] ?? new Float64Array(valueDim), faded)
      })
      memory.states.set(stateKey(owner, c), tokens.reduce(combine, nothing(schedule)))
    }
  }
}

const chunksOf = ({ chunk, causal }: Schedule, { call }: Memory): number =>
  Math.max(1, Math.ceil((causal ? call.length : call.keyLength) / chunk))

const stateKey = ({ item, head, kvHead }: Owner, chunk: number): string =>
  `${item} ${head} ${kvHead} ${chunk}`

const nothing = ({ features, valueDim }: Schedule): State => ({
  scale: new Float64Array(features).fill(-Infinity),
  sums: Array.from({ length: features }, () => new Float64Array(valueDim)),
  weights: new Float64Array(features),
})

const token = ({ coefficient, exponent }: FeatureRow, value: Float64Array, faded: number): State => ({
  scale: exponent.map((own, f) => (coefficient[f] === 0 ? -Infinity : own + faded)),
  sums: Array.from(coefficient, (factor) => value.map((entry) => factor * entry)),
  weights: coefficient,
})

function combine(a: State, b: State): State {
  const scale = a.scale.map((own, f) => Math.max(own, b.scale[f] ?? -Infinity))
  const share = (from: number | undefined, f: number): number =>
    scale[f] === -Infinity ? 0 : 2 ** ((from ?? -Infinity) - (scale[f] ?? 0))
  return {
    scale,
    sums: a.sums.map((row, f) => {
      const sum = row.map((entry) => entry * share(a.scale[f], f))
      addTo(sum, b.sums[f], share(b.scale[f], f))
      return sum
    }),
    weights: a.weights.map(
      (weight, f) => weight * share(a.scale[f], f) + (b.weights[f] ?? 0) * share(b.scale[f], f),
    ),
  }
}

export function scan(schedule: Schedule, { result }: ScanPass, memory: Memory): void {
  for (const owner of memory.owners(schedule.groups)) {
    const faded = logDecay(schedule, owner) * schedule.chunk
    let before = nothing(schedule)
    for (let c = 0; c < chunksOf(schedule, memory); c++) {
      const own = memory.states.get(stateKey(owner, c))
      invariant(own !== undefined, 'a scan is of chunks that have been reduced')
      memory.states.set(stateKey(owner, c), before)
      before = combine({ ...before, scale: before.scale.map((scale) => scale + faded) }, own)
    }
    if (result === 'total') memory.states.set(stateKey(owner, 0), before)
  }
}

export function finish(schedule: Schedule, pass: FinishPass, memory: Memory): void {
  const { chunk, valueDim, groups } = schedule
  for (const owner of memory.owners('sliceQueryHead')) {
    const group: Owner =
      groups === 'heads'
        ? owner
        : { ...owner, head: (owner.kvHead * memory.call.heads) / memory.call.kvHeads }
    const gamma = logDecay(schedule, owner)
    const queries = featureRows(pass.query, pass.buffers, memory, owner)
    const keys = pass.causal ? featureRows(pass.key, pass.buffers, memory, owner) : []
    const values = memory.rows(ofValues, owner)
    const out = queries.map((query, i) => {
      const c = pass.causal ? Math.floor(i / chunk) : 0
      const before = memory.states.get(stateKey(group, c))
      invariant(before !== undefined, 'a state is read that has been scanned')
      const pairs = keys
        .slice(c * chunk, i + 1)
        .map((key, n) =>
          token(key, values[c * chunk + n] ?? new Float64Array(valueDim), gamma * (i - c * chunk - n)),
        )
      const since = { ...before, scale: before.scale.map((scale) => scale + gamma * (i - c * chunk + 1)) }
      return quotient(readout(query, pairs.reduce(combine, since), valueDim), pass)
    })
    memory.put({ buffer: 'out', of: 'queryHead', count: 'length' }, owner, out)
  }
}

/** φ(q)·S and φ(q)·z. */
function readout(
  { coefficient, exponent }: FeatureRow,
  state: State,
  valueDim: number,
): { readonly scale: number; readonly numerator: Float64Array; readonly denominator: number } {
  const scales = state.scale.map((own, f) => (coefficient[f] === 0 ? -Infinity : own + (exponent[f] ?? 0)))
  const scale = scales.reduce((top, own) => Math.max(top, own), -Infinity)
  const numerator = new Float64Array(valueDim)
  let denominator = 0
  if (scale === -Infinity) return { scale, numerator, denominator }
  scales.forEach((own, f) => {
    const weight = (coefficient[f] ?? 0) * 2 ** (own - scale)
    denominator += weight * (state.weights[f] ?? 0)
    addTo(numerator, state.sums[f], weight)
  })
  return { scale, numerator, denominator }
}

export function rowMaxima(_: Schedule, { features, buffers }: RowMaximaPass, memory: Memory): void {
  const { side, blocks } = features
  const projected = buffers.filter((name) => name === 'projected')
  for (const owner of memory.owners(side === 'query' ? 'sliceQueryHead' : 'sliceKeyHead')) {
    // Parts of exponents are no features: they have no places of their own.
    const parts = blocks.map((block) => featureRows({ side, blocks: [block] }, projected, memory, owner))
    const rows = parts[0] ?? []
    rows.forEach((__, row) => {
      const values = parts.flatMap((part) => Array.from(part[row]?.coefficient ?? []))
      memory.maxima.set(maximumKey(side, owner, row), Math.max(...values))
    })
  }
}

export function headMaximum(_: Schedule, __: HeadMaximumPass, memory: Memory): void {
  for (const owner of memory.owners('sliceKeyHead')) {
    const rows = memory
      .rows(ofKeys, owner)
      .map((___, row) => memory.maxima.get(maximumKey('key', owner, row)) ?? 0)
    memory.maxima.set(maximumKey('head', owner, 0), Math.max(...rows))
  }
}

const maximumKey = (of: 'query' | 'key' | 'head', { item, head, kvHead }: Owner, row: number): string =>
  of === 'query' ? `q ${item} ${head} ${row}` : `${of} ${item} ${kvHead} ${row}`

/** φ of the head's query rows, or of the keys that it sees. */
function featureRows(
  { side, blocks }: Features,
  buffers: readonly string[],
  memory: Memory,
  owner: Owner,
): FeatureRow[] {
  const rows = memory.rows(side === 'query' ? ofQueries : ofKeys, owner)
  const throughW = buffers.includes('projected') ? memory.rows(throughProjections[side], owner) : []
  const length = side === 'query' ? memory.counted(owner) : rows.length
  const size = Math.max(...blocks.map((block) => block.start + block.size))
  return rows.map((x, position) => {
    const coefficient = new Float64Array(size)
    const exponent = new Float64Array(size)
    const maximum = buffers.includes('maxima')
      ? (memory.maxima.get(
          maximumKey(side === 'query' ? 'query' : 'head', owner, side === 'query' ? position : 0),
        ) ?? 0)
      : 0
    for (const block of blocks)
      for (let component = 0; component < block.size; component++) {
        const w = (block.projected ? memory.projection[component] : undefined) ?? x
        const projected = throughW[position] ?? x
        const scalars = { component, position, length, maximum }
        const environment = environmentOf({ x, w, projected, ...scalars })
        const value = evaluateTerm(block.term, environment)
        coefficient[block.start + component] = value.coefficient
        exponent[block.start + component] = value.exponent
      }
    return { coefficient, exponent }
  })
}
