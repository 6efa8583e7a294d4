// Rows that meet where a hash sorts them near each other (`buckets`); the keys are the query rows by their norms.
import { divide, multiply, rounded, wide, zero } from './wide.ts'
import { dot, rowFunctions } from './functions.ts'
import type { Row } from './functions.ts'
import { plain, scaled } from './item.ts'
import type { Cell, Item, Numbers } from './item.ts'
import { sees } from './mask.ts'
import { kernelScore, weightedRow } from './pairs.ts'
import { valueOf } from './wide.ts'
import type { Wide } from './wide.ts'

/** What a row weighs for itself. */
const own = wide(1, 0, -100_000)

export function bucketedRows({ model, q, queries, v, projection }: Item): Cell[][] {
  const { count, rounds, chunk } = model.buckets!
  const rows = q.slice(0, queries)
  const scaledRows = scaled(rows, model)
  const keys = plain(rows).map((row) => unitKey(row, model.scale))
  const hashed = Array.from({ length: rounds }, (_, round) =>
    chunks(rows, projection.slice((round * count) / 2, ((round + 1) * count) / 2), chunk),
  )
  const score = kernelScore(model, scaledRows, keys)
  const visible = sees(model.mask, queries)
  return q.map((_, i) => {
    if (i >= queries) return nothing(model.valueDim, 0)
    // A tie may go either way.
    if (hashed.includes(undefined)) return nothing(model.valueDim, Infinity)
    const terms = rows.map((_, j): Wide => {
      const times = hashed.filter((order) => [0, 1].includes(order![i]! - order![j]!)).length
      if (times === 0 || !visible(i, j)) return zero
      return multiply(wide(times), i === j ? own : score(i, j))
    })
    return weightedRow(model, plain(v.slice(0, queries)), terms)
  })
}

const nothing = (width: number, tolerance: number): Cell[] =>
  Array.from({ length: width }, () => ({ value: 0, tolerance }))

function unitKey(row: Row, scale: number): Row {
  const norm = rowFunctions['norm']!(row) as Wide
  if (norm.mantissa === 0) return row
  return row.map((entry) => multiply(rounded(Math.sqrt(scale)), divide(entry, norm)))
}

/** The chunk of each row; nothing where rounding may decide upon a bucket. */
function chunks(rows: readonly Numbers[], rotations: readonly Numbers[], size: number): number[] | undefined {
  const buckets: number[] = []
  for (const row of rows) {
    const sides = plain(rotations).map((rotation) => dot(plain([row])[0]!, rotation))
    const all = [...sides.map(valueOf), ...sides.map((side) => -valueOf(side))]
    const [first, second] = [...all].sort((a, b) => b - a)
    const unsure = Math.max(...sides.map(({ error }) => error))
    if (unsure > 0 && first! - second! <= 8 * unsure) return undefined
    buckets.push(all.indexOf(first!))
  }
  const sorted = rows.map((_, row) => row).sort((a, b) => buckets[a]! - buckets[b]! || a - b)
  const order: number[] = []
  for (const [place, row] of sorted.entries()) order[row] = Math.floor(place / size)
  return order
}
