/** κ as the file writes it. */
import { invariant } from '../diagnostics/invariant.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { extended, multiply } from '../symbolic/extended.ts'
import type { HeadData } from './data.ts'
import { Evaluator } from './evaluate.ts'
import type { Value } from './evaluate.ts'
import type { Head } from './head.ts'
import { Vector } from './vector.ts'
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
  { kernel, decay }: AttentionModel,
  { q, k }: Head,
  data: HeadData,
  paths: Paths | undefined,
): Score {
  invariant(kernel !== undefined, 'an attention without features has a kernel')
  const kappa = data.fix(new Evaluator(kernel)).set('length', k.length)
  const byEntries = decay?.type.kind === 'vector'
  return (i, j) => {
    const [left, right] = [q[i], k[j]]
    invariant(left !== undefined && right !== undefined, 'scores are of rows that exist')
    const along = paths?.(i, j)
    const key = byEntries && along instanceof Vector ? entryByEntry(right, along) : right
    data.pair(kappa, i, j)
    const value = kappa.set('q', left).set('k', key).set('i', i).set('j', j).scalar()
    return along === undefined || along instanceof Vector ? value : multiply(value, along)
  }
}

/** Π γ_t over t from behind key j to query i. */
type Paths = (i: number, j: number) => Value

/** The products of a decay of one head, each made of the one for the next key. */
export function pathsOf({ decay }: AttentionModel, rows: number, data: HeadData): Paths | undefined {
  if (decay === undefined) return undefined
  const gamma = data.fix(new Evaluator(decay))
  const each = Array.from({ length: rows }, (_, t) => {
    data.row(gamma, t)
    return gamma.value()
  })
  const known = new Map<number, Value[]>()
  return (i, j) => {
    const products = known.get(i) ?? []
    if (products.length === 0) {
      known.set(i, products)
      const own = each[i]
      let product: Value = own instanceof Vector ? Vector.from(own.size, () => extended(1)) : extended(1)
      for (let t = i; t >= 0; t--) {
        products[t] = product
        product = times(product, each[t] ?? extended(1))
      }
    }
    return products[j] ?? extended(1)
  }
}

function times(a: Value, b: Value): Value {
  if (a instanceof Vector && b instanceof Vector) return entryByEntry(a, b)
  invariant(!(a instanceof Vector) && !(b instanceof Vector), 'a decay has one type')
  return multiply(a, b)
}

const entryByEntry = (a: Vector, b: Vector): Vector => Vector.from(a.size, (t) => multiply(a.at(t), b.at(t)))
