// What calls give by the oracle: each head of each batch item alone, with its own rows and no others.
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import type { Case, DecodePlan, ForwardPlan } from './arbitraries/cases.ts'
import type { Cell, Item } from './oracle/item.ts'
import { expectedRows } from './oracle/oracle.ts'
import { countsOf, decodeCounts, rowsOf, weightsOf } from './tensors.ts'
import type { DecodeTensors, Tensors } from './tensors.ts'

/** Of one head of one batch item. */
export interface Expected {
  readonly item: number
  readonly head: number
  readonly rows: readonly (readonly Cell[])[]
}

type ItemRows = Pick<Item, 'q' | 'queries' | 'k' | 'v'>

/** Rows past the query rows of an item are held, too, unless they are poisoned. */
export function expectedForward(
  one: Case,
  model: AttentionModel,
  plan: ForwardPlan,
  { q, k, v }: Tensors,
): Expected[] {
  const counts = countsOf(plan)
  return everyItem(one, model, plan.batch, (item, head, kvHead) => {
    const [queries, keys] = [counts.queries[item]!, counts.keys[item]!]
    return {
      q: rowsOf(q, item, head, plan.poisoned ? queries : plan.length),
      queries,
      k: rowsOf(k, item, kvHead, keys),
      v: rowsOf(v, item, kvHead, keys),
    }
  })
}

/** By output: of the prompt's rows that count, and of each step. */
export function expectedDecode(
  one: Case,
  model: AttentionModel,
  plan: DecodePlan,
  { prompt, steps }: DecodeTensors,
): Expected[][] {
  const counts = decodeCounts(plan).keys
  const sequences = everyItem(one, model, plan.batch, (item, head, kvHead) => {
    const rows = (name: 'q' | 'k' | 'v', of: number): number[][] => [
      ...rowsOf(prompt[name], item, of, counts[item]),
      ...steps.flatMap((step) => rowsOf(step[name], item, of)),
    ]
    const q = rows('q', head)
    return { q, queries: q.length, k: rows('k', kvHead), v: rows('v', kvHead) }
  })
  return [undefined, ...steps.keys()].map((step) =>
    sequences.map(({ item, head, rows }) => {
      const count = counts[item]!
      return { item, head, rows: step === undefined ? rows.slice(0, count) : [rows[count + step]!] }
    }),
  )
}

function everyItem(
  one: Case,
  model: AttentionModel,
  batch: number,
  rowsOf: (item: number, head: number, kvHead: number) => ItemRows,
): Expected[] {
  const { heads, kvHeads } = one
  const projection = projectionOf(model)
  return Array.from({ length: batch * heads }, (_, index) => {
    const [item, head] = [Math.floor(index / heads), index % heads]
    const rows = rowsOf(item, head, Math.floor((head * kvHeads) / heads))
    return {
      item,
      head,
      rows: expectedRows({ model, head, projection, weights: weightsOfHead(one, head), ...rows }),
    }
  })
}

function weightsOfHead(one: Case, head: number): Item['weights'] {
  const weights = Object.entries(weightsOf(one)).map(([name, data]) => {
    const { rows, width } = one.spec.weights[name]!
    return [name, rowsOf({ data, heads: one.heads, length: rows, width }, 0, head)] as const
  })
  return Object.fromEntries(weights)
}

/** Taken as drawn: what is drawn is held in `test/projection/`. */
function projectionOf({ dim, projections, buckets }: AttentionModel): Item['projection'] {
  if (projections === undefined && buckets === undefined) return []
  const { count = 0, ...law } = projections ?? {}
  const data = Float32Array.from(
    buckets === undefined
      ? drawProjection({ rows: count, dim, ...(law as Omit<NonNullable<typeof projections>, 'count'>) })
      : drawProjection({
          rows: (buckets.rounds * buckets.count) / 2,
          dim,
          coupling: 'iid',
          fixedNorm: false,
          seed: buckets.seed,
        }),
  )
  return rowsOf({ data, heads: 1, length: data.length / dim, width: dim }, 0, 0)
}
