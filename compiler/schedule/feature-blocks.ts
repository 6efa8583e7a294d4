/** Blocks of φ in a schedule: their places and projections, and the variables of their terms. */
import type { Attention, FactorisedScore, FeatureBlock } from '../algebra/attention.ts'
import { mentions } from '../symbolic/traverse.ts'
import { stabilized, valueOf } from './maxima.ts'
import type { BufferPlan, Features, ScheduledBlock, Scaling, Term } from './schedule.ts'
import { plainTerm, type scaledTerm } from './terms.ts'

/** φ of queries and of keys. */
export interface Sides {
  readonly query: Features
  readonly key: Features
}

/**
 * φ of both sides, as sums of this kind need it.
 *
 * @param scaled writes an exponent apart, in the base of the target's powers
 */
export function sidesOf(
  attention: Attention,
  score: FactorisedScore,
  scaling: Scaling,
  scaled: typeof scaledTerm,
): Sides {
  const { scale } = attention
  const term = (block: FeatureBlock): Term =>
    scaling === 'scaled'
      ? scaled(stabilized(attention, block), scale)
      : plainTerm(valueOf(attention, block), scale)
  const projected = score.projections !== undefined
  return {
    query: { side: 'query', blocks: placed(score.query, projected, term) },
    key: { side: 'key', blocks: placed(score.key, projected, term) },
  }
}

/** Places blocks of features one behind the other in φ, each with its term. */
function placed(
  blocks: readonly FeatureBlock[],
  projected: boolean,
  term: (block: FeatureBlock) => Term,
): ScheduledBlock[] {
  let start = 0
  return blocks.map((block) => {
    const here = { start, size: block.size, projected, term: term(block) }
    start += block.size
    return here
  })
}

/** The matrix of projections `w`, [m, dim]; no buffer where φ has no projections. */
export function projectionBuffer(dim: number, { projections }: FactorisedScore): BufferPlan[] {
  if (projections === undefined) return []
  const { count } = projections
  return [{ name: 'w', role: 'projection', element: 'f32', size: count * dim, layout: `[${count}, ${dim}]` }]
}

const sees =
  (name: string) =>
  ({ blocks }: Features): boolean =>
    blocks.some(({ term }) =>
      (term.kind === 'plain' ? [term.value] : [term.exponent, term.coefficient]).some(
        (expression) => expression !== undefined && mentions(expression, name),
      ),
    )

/** Whether φ of a side depends on the length of the sequence, so that its passes bind `queryLengths`. */
export const seesLength = sees('length')
/** Whether φ of a side depends on the position of a row, so that passes of decoding bind `positions`. */
export const seesPosition = sees('position')
