/** How tokens act on what lies behind them: γ of each, its products between a key and a query, and its powers. */
import { invariant } from '../diagnostics/invariant.ts'
import { isOfHeads } from '../semantics/model.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { exponential, extended, logarithm, multiply, toNumber, zero } from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'
import { Evaluator } from './evaluate.ts'
import type { Value } from './evaluate.ts'
import { entryByEntry, Vector } from './vector.ts'
import { visibility } from './weights.ts'
import type { Score } from './weights.ts'

/** What a token brings: what is the same in all rows, and the inputs of one. */
interface TokenData {
  readonly fix: <S extends Pick<Evaluator, 'set'>>(evaluator: S) => S
  readonly row: (evaluator: Pick<Evaluator, 'set'>, row: number) => void
}

/**
 * The compiler has looked at the first heads only.
 * @throws RangeError where γ of a head is not in [0, 1].
 */
export function checkHeadFactors({ decay }: AttentionModel, heads: number): void {
  if (!isOfHeads(decay)) return
  for (let head = 0; head < heads; head++) {
    const gamma = toNumber(new Evaluator(decay).set('head', head).scalar())
    if (gamma >= 0 && gamma <= 1) continue
    throw new RangeError(`heads: expected a decay in [0, 1] for each, found ${gamma} for head ${head}`)
  }
}

/** γ of each token of one head: a scalar, or a vector of features or entries; absent where it is 1. */
export function tokenFactors({ decay }: AttentionModel, data: TokenData): ((t: number) => Value) | undefined {
  if (decay === undefined) return undefined
  const gamma = data.fix(new Evaluator(decay))
  return (t) => {
    data.row(gamma, t)
    return gamma.value()
  }
}

/** The variable that stands for γ of the token in what `update` writes. */
export const factorName = 'decay'

/** Π γ_t over t from behind key j to query i. */
export type Paths = (i: number, j: number) => Value

/**
 * The products of a decay of one head that is not of the head alone, each made of the one for the next key; absent
 * where there is none. Of the head alone, they are powers (`discounted`).
 */
export function pathsOf(model: AttentionModel, rows: number, data: TokenData): Paths | undefined {
  const gamma = isOfHeads(model.decay) ? undefined : tokenFactors(model, data)
  if (gamma === undefined) return undefined
  const each = Array.from({ length: rows }, (_, t) => gamma(t))
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

/** κ times γ^(i − j) of a head. */
export function discounted(score: Score, model: AttentionModel, head: number): Score {
  const logGamma = logDecay(model, head)
  return logGamma === 0 ? score : (i, j) => multiply(score(i, j), power(logGamma, i - j))
}

/** γ^(i − j) of the pairs that see each other, of so many queries and keys, and 0 of the others. */
export function factors(model: AttentionModel, queries: number, keys: number, head: number): Score {
  const visible = visibility(model.mask, queries, keys)
  const logGamma = logDecay(model, head)
  return (i, j) => (visible(i, j) ? power(logGamma, i - j) : zero)
}

/** log γ of a head, −∞ where γ is 0. */
function logDecay({ decay }: AttentionModel, head: number): number {
  return !isOfHeads(decay) ? 0 : logarithm(new Evaluator(decay).set('head', head).scalar())
}

/** γ^n; where γ is 0, 1 for n = 0 alone. */
const power = (logGamma: number, n: number): Extended => exponential(n === 0 ? 0 : n * logGamma)
