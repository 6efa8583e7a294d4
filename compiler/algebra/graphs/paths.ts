/**
 * The tokens between a key and a query as a factor of κ: Π γ_t over t in (j, i], where each token has a γ ≥ 0.
 *
 * The product is the exponential of a difference, of what the logarithms sum up to at either row. Where γ is the same
 * for all tokens of a head, that is log γ times the difference of places. Else the sums are rows in front of the
 * attention: whole numbers and what is left of these apart, each of which is subtracted from its own kind, so that the
 * difference keeps its digits however far both rows are from the first.
 *
 * A γ that may be 0 has no logarithm. Such tokens are counted instead, and a pair with one in between weighs nothing.
 */
import { declaredTensors, factorOfPairs, isOfHeads } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import {
  add,
  apply,
  applyNamed,
  constant,
  exp,
  log,
  multiply,
  subtract,
  variable,
} from '../../symbolic/build.ts'
import { scalarComponents } from '../../symbolic/components.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { rangeOf } from '../../symbolic/range.ts'
import { simplify } from '../../symbolic/simplify.ts'
import { lowest, smallestSingle } from '../../symbolic/single.ts'
import { freeVariables, traverse } from '../../symbolic/traverse.ts'
import type { Accumulated } from '../rows.ts'
import { mappedRows } from './map.ts'
import { indicator } from './masks.ts'

/** The factor of a pair, and the rows that it sees by name on either side. */
export interface Path {
  /** In `i` and `j`, or in entries of those rows. */
  readonly factors: readonly Expression[]
  readonly rows: Readonly<Record<string, Accumulated>>
}

/** What both rows of a pair see of the tokens before them. */
const sums = 'sums along the rows'

/** The factor of the pairs of an attention; nothing where tokens have none. */
export function pathOf(model: AttentionModel): Path {
  const gamma = factorOfPairs(model)
  if (gamma === undefined) return { factors: [], rows: {} }
  const logarithm = log(gamma)
  if (isOfHeads(gamma) || (!seesTokens(model, gamma) && isFinite(logarithm))) {
    const places = subtract(variable('i'), variable('j'))
    return { factors: [exp(multiply(logarithm, places))], rows: {} }
  }
  const entries = isFinite(logarithm)
    ? [logarithm]
    : [
        log(apply('max', gamma, constant(smallestSingle))),
        indicator(apply('less', gamma, constant(smallestSingle))),
      ]
  const rows = summed(model, gamma, entries)
  const entryAt = (place: 'i' | 'j', index: number): Expression =>
    applyNamed('entry', [
      variable(`${sums}[${place}]`, { kind: 'vector', size: rows.width }),
      constant(index),
    ])
  const difference = (index: number): Expression => subtract(entryAt('i', index), entryAt('j', index))
  // No number is below the second: it keeps the sum of a row's own entries, which has fewer digits, from being taken.
  const whole = apply('max', difference(0), constant(lowest))
  const none = entries.length > 1 ? [indicator(apply('equal', entryAt('i', 1), entryAt('j', 1)))] : []
  return { factors: [exp(add(whole, difference(entries.length))), ...none], rows: { [sums]: rows } }
}

/** Whether it differs from token to token. */
const seesTokens = ({ inputs = [] }: AttentionModel, gamma: Expression): boolean =>
  inputs.some(({ name }) => freeVariables(gamma).has(name))

/** Whether a number that is written so has no logarithm of what may be 0. */
const isFinite = (logarithm: Expression): boolean =>
  traverse(simplify(scalarComponents(logarithm))).every(
    (node) =>
      node.kind !== 'apply' ||
      node.operator !== 'log' ||
      node.args.every((argument) => rangeOf(argument).low > 0),
  )

/** The sums of these numbers of each token. */
function summed(model: AttentionModel, gamma: Expression, entries: readonly Expression[]): Accumulated {
  const data = declaredTensors(model)
  const names = freeVariables(gamma)
  const ofQueryHeads =
    names.has('head') ||
    data.some(({ name, heads }) => names.has(name) && (heads === 'heads' || heads === 'outputHeads'))
  const heads = ofQueryHeads ? 'heads' : 'kvHeads'
  const along = 'keyLength'
  const rows = mappedRows({
    name: 'map_tokens',
    result: 'mappedTokens',
    along,
    heads,
    rows: {},
    data,
    entries: entries.map((expression, start) => ({ start, expression })),
    width: entries.length,
  })
  return {
    kind: 'accumulate',
    name: 'sum_tokens',
    result: 'summedTokens',
    along,
    heads,
    rows,
    width: 2 * entries.length,
  }
}
