/** κ as the file writes it. */
import { invariant } from '../diagnostics/invariant.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { multiply } from '../symbolic/extended.ts'
import type { HeadData } from './data.ts'
import type { Paths } from './token-factors.ts'
import { Evaluator } from './evaluate.ts'
import type { Head } from './head.ts'
import { entryByEntry, Vector } from './vector.ts'
import type { dot } from './vector.ts'
import type { Score } from './weights.ts'

/** Of an attention that has one. */
export function kernelOf({ kernel }: AttentionModel): typeof dot {
  invariant(kernel !== undefined, 'an attention without features has a kernel')
  const kappa = new Evaluator(kernel)
  return (q, k) => kappa.set('q', q).set('k', k).scalar()
}

/** κ of pairs of rows of one head, which sees their places, the head and what is declared. */
export function pairScore(
  { kernel }: AttentionModel,
  { q, k }: Head,
  data: HeadData,
  paths: Paths | undefined,
): Score {
  invariant(kernel !== undefined, 'an attention without features has a kernel')
  const kappa = data.fix(new Evaluator(kernel)).set('length', k.length)
  return (i, j) => {
    const [left, right] = [q[i], k[j]]
    invariant(left !== undefined && right !== undefined, 'scores are of rows that exist')
    const along = paths?.(i, j)
    const key = along instanceof Vector ? entryByEntry(right, along) : right
    data.pair(kappa, i, j)
    const value = kappa.set('q', left).set('k', key).set('i', i).set('j', j).scalar()
    return along === undefined || along instanceof Vector ? value : multiply(value, along)
  }
}
