/** Passes over rows: scores of pairs summed over keys, and small matrices. */
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import type { Mask } from '../../algebra/attention.ts'
import type {
  Convolution,
  MeansPass,
  MergePass,
  OnlinePass,
  ProductPass,
  Schedule,
  StartPass,
} from '../schedule.ts'
import type { Memory, Owner, Part } from './memory.ts'
import { evaluateTerm } from './term.ts'

type Matrix = readonly Float64Array[]

export function online(schedule: Schedule, pass: OnlinePass, memory: Memory): void {
  for (const owner of memory.owners(pass.over)) {
    if (!memory.isMeant(pass.only, owner)) continue
    const queries = memory.rows(pass.queries, owner)
    const keys = memory.rows(pass.keys, owner)
    const values = pass.values === 'identity' ? identity(keys.length) : memory.rows(pass.values, owner)
    const over = (i: number, first: number, end: number): Part =>
      partOf(pass, queries[i] ?? new Float64Array(0), i, keys, values, first, end)
    if ('parts' in pass.out) {
      const { chunk } = schedule
      const chunks = Math.max(1, Math.ceil(keys.length / chunk))
      memory.parts.set(
        memory.key(pass.out.parts, owner),
        queries.map((_, i) =>
          Array.from({ length: chunks }, (__, c) =>
            over(i, c * chunk, Math.min(keys.length, (c + 1) * chunk)),
          ),
        ),
      )
      continue
    }
    const quotients = queries.map((_, i) => quotient(over(i, 0, keys.length), pass))
    memory.put(pass.out, owner, convolved(pass.convolution, quotients, owner, memory))
  }
}

/** Sums over the keys from `first` to `end` that the query sees. */
function partOf(
  { kernel, mask, valueDim }: OnlinePass,
  q: Float64Array,
  i: number,
  keys: Matrix,
  values: Matrix,
  first: number,
  end: number,
): Part {
  const sees = visibility(mask, keys.length)
  const terms = keys
    .slice(first, end)
    .map((k, n) => ({ j: first + n, k }))
    .filter(({ j }) => sees(i, j))
    .map(({ j, k }) => ({ j, ...evaluateTerm(kernel, environmentOf({ q, k })) }))
  const scale = terms.reduce((top, { exponent }) => Math.max(top, exponent), -Infinity)
  const numerator = new Float64Array(valueDim)
  let denominator = 0
  for (const { j, coefficient, exponent } of terms) {
    const weight = coefficient * 2 ** (exponent - scale)
    denominator += weight
    addTo(numerator, values[j], weight)
  }
  return { scale, numerator, denominator }
}

function visibility(mask: Mask, keys: number): (i: number, j: number) => boolean {
  if (mask.kind === 'none') return () => true
  if (mask.kind === 'causal') return (i, j) => j <= i
  return (i, j) => evaluateScalar(mask.condition, environmentOf({ i, j, length: keys })) !== 0
}

/** A row without any weight gives zeros. */
export function quotient(
  { scale, numerator, denominator }: Part,
  { normalize, epsilon }: Pick<OnlinePass, 'normalize' | 'epsilon'>,
): Float64Array {
  if (scale === -Infinity) return numerator
  if (normalize === 'none') return numerator.map((sum) => sum * 2 ** scale)
  const sum = denominator + (epsilon === 0 ? 0 : epsilon * 2 ** -scale)
  return numerator.map((entry) => (sum === 0 ? 0 : entry / sum))
}

function convolved(convolution: Convolution | undefined, rows: Matrix, owner: Owner, memory: Memory): Matrix {
  if (convolution === undefined) return rows
  const { filter: name, width, values: of } = convolution
  const values = memory.rows(of, owner)
  // Without a visible key there is no row to add to.
  if (values.length === 0) return rows
  const filter = memory.filter(name, owner, width)
  return rows.map((row, i) => {
    const sum = Float64Array.from(row)
    filter.forEach((tap, t) => addTo(sum, values[i + t - (width - 1) / 2], tap))
    return sum
  })
}

export function merge(_: Schedule, pass: MergePass, memory: Memory): void {
  for (const owner of memory.owners('sliceQueryHead')) {
    if (!memory.isMeant(pass.only, owner)) continue
    const parts = memory.parts.get(memory.key(pass.parts, owner)) ?? []
    memory.put(
      pass.out,
      owner,
      parts.map((ofRow) => quotient(ofRow.reduce(together), { normalize: 'sum', epsilon: 0 })),
    )
  }
}

function together(a: Part, b: Part): Part {
  const scale = Math.max(a.scale, b.scale)
  if (scale === -Infinity) return a
  const [left, right] = [2 ** (a.scale - scale), 2 ** (b.scale - scale)]
  return {
    scale,
    numerator: a.numerator.map((sum, column) => sum * left + (b.numerator[column] ?? 0) * right),
    denominator: a.denominator * left + b.denominator * right,
  }
}

export function means({ dim }: Schedule, pass: MeansPass, memory: Memory): void {
  for (const owner of memory.owners(pass.over)) {
    if (!memory.isMeant(pass.only, owner)) continue
    const rows = memory.rows(pass.rows, owner)
    const segments = pass.out.count
    const short = Math.floor(rows.length / segments)
    const shorter = (short + 1) * segments - rows.length
    let from = 0
    const result = Array.from({ length: segments }, (_, segment) => {
      const size = segment < shorter ? short : short + 1
      const sum = new Float64Array(dim)
      rows.slice(from, from + size).forEach((row) => addTo(sum, row, 1 / size))
      from += size
      return sum
    })
    memory.put(pass.out, owner, result)
  }
}

export function start(_: Schedule, pass: StartPass, memory: Memory): void {
  for (const owner of memory.owners(pass.over)) {
    if (!memory.isMeant(pass.only, owner)) continue
    const matrix = memory.rows(pass.matrix, owner)
    const transposed = matrix.map((__, column) => Float64Array.from(matrix, (row) => row[column] ?? 0))
    const norm = largestSum(matrix) * largestSum(transposed)
    memory.put(
      pass.out,
      owner,
      transposed.map((row) => row.map((entry) => (norm === 0 ? 0 : entry / norm))),
    )
  }
}

const largestSum = (rows: Matrix): number =>
  Math.max(...rows.map((row) => row.reduce((sum, entry) => sum + Math.abs(entry), 0)))

export function product(_: Schedule, pass: ProductPass, memory: Memory): void {
  const { diagonal, factor, columns } = pass
  for (const owner of memory.owners(pass.over)) {
    if (!memory.isMeant(pass.only, owner)) continue
    const right = memory.rows(pass.right, owner)
    const inner =
      diagonal === undefined
        ? right
        : right.map((row, n) => row.map((entry, column) => (n === column ? diagonal : 0) - entry))
    memory.put(
      pass.out,
      owner,
      memory.rows(pass.left, owner).map((row) => {
        const sum = new Float64Array(columns)
        inner.forEach((other, n) => addTo(sum, other, factor * (row[n] ?? 0)))
        return sum
      }),
    )
  }
}

const identity = (size: number): Float64Array[] =>
  Array.from({ length: size }, (_, n) =>
    Float64Array.from({ length: size }, (__, column) => (n === column ? 1 : 0)),
  )

/** Rows that are not there add nothing. */
export function addTo(sum: Float64Array, row: Float64Array | undefined, weight: number): void {
  row?.forEach((entry, column) => {
    sum[column] = (sum[column] ?? 0) + weight * entry
  })
}
