/**
 * A factorised attention token by token: S is what the file says that a token makes of it, from the state before it,
 * and the row of the result is φ(q)ᵀS.
 *
 *     S_t = D_t S_(t−1) + φ(k_t) v_tᵀ,   or `update` as it is written.
 *
 * With `normalize: sum` a second state follows the same update with every entry of v replaced by 1, and the row is
 * divided by what φ(q) reads of it.
 */
import { invariant } from '../diagnostics/invariant.ts'
import { variable } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { divide, extended, toNumber } from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'
import { mapNodes, traverse } from '../symbolic/traverse.ts'
import type { AttentionModel } from '../semantics/model.ts'
import type { HeadData } from './data.ts'
import { factorName, tokenFactors } from './token-factors.ts'
import { Evaluator } from './evaluate.ts'
import type { Value } from './evaluate.ts'
import { State } from './state.ts'
import { Vector } from './vector.ts'
import { quotient } from './weights.ts'

/** φ of the rows of one head, and its values. */
export interface Tokens {
  readonly queries: readonly Vector[]
  readonly keys: readonly Vector[]
  readonly values: readonly Vector[]
}

/** Rows of the result by query row, and the state after the last key. */
export interface Recurred {
  readonly rows: readonly Float64Array[]
  readonly state: State
}

/** Every row of one head; queries past the last key read the last state. */
export function recurrence(
  model: AttentionModel,
  { queries, keys, values }: Tokens,
  data: HeadData,
  initial?: State,
): Recurred {
  const { valueDim, normalize } = model
  const features = queries[0]?.size ?? 0
  const sums = normalize === 'sum'
  const ones = Vector.ofNumbers(new Float64Array(valueDim).fill(1))
  const [numerators, denominators] = [new Token(model, data), sums ? new Token(model, data) : undefined]
  let state = initial ?? State.zero(features, valueDim)
  let total = State.zero(features, valueDim)
  const rows: Float64Array[] = []
  for (let t = 0; t < Math.max(queries.length, keys.length); t++) {
    const [query, k, v] = [queries[t], keys[t], values[t]]
    if (k !== undefined && v !== undefined) {
      state = numerators.after(state, t, { k, v })
      total = denominators?.after(total, t, { k, v: ones }) ?? total
    }
    if (query === undefined) continue
    const out = state.read(query)
    const weights = sums ? total.read(query) : []
    rows.push(
      Float64Array.from(out, (entry, c) =>
        sums ? quotient(entry, weights[c] ?? extended(0), model) : toNumber(entry),
      ),
    )
  }
  return { rows, state }
}

/** One token's update of a state. */
class Token {
  readonly #factor: ((t: number) => Value) | undefined
  readonly #data: HeadData
  readonly #written: Expression | undefined
  readonly #parts = new Map<Expression, Evaluator>()
  /** Reads in the order in which they are needed, with the variables that stand for them. */
  readonly #reads: readonly { readonly node: Expression; readonly name: string }[]

  constructor(model: AttentionModel, data: HeadData) {
    const { update } = model
    this.#data = data
    this.#factor = tokenFactors(model, data)
    this.#written = update?.written
    const reads = update === undefined ? [] : traverse(update.written).filter(isRead)
    this.#reads = reads.map((node, index) => ({ node, name: `read ${index}` }))
  }

  after(state: State, t: number, { k, v }: { readonly k: Vector; readonly v: Vector }): State {
    const factor = this.#factor?.(t) ?? extended(1)
    if (this.#written === undefined) return state.scaled(factor).plus(State.outer(k, v))
    const known = new Map<string, Value>([
      [factorName, factor],
      ['k', k],
      ['v', v],
    ])
    for (const { node, name } of this.#reads) {
      invariant(node.kind === 'apply' && node.args[0] !== undefined, 'a read has a row')
      const row = this.#value(node.args[0], t, known)
      invariant(row instanceof Vector, 'what reads a state is a row')
      known.set(name, vectorOf(state.read(row)))
    }
    return this.#state(this.#written, state, t, known)
  }

  #state(node: Expression, before: State, t: number, known: ReadonlyMap<string, Value>): State {
    if (node.kind === 'variable') return before
    invariant(node.kind === 'apply', 'a state is made by operators')
    const [a, b] = node.args
    const state = (part: Expression | undefined): State => {
      invariant(part !== undefined, `${node.operator} has its arguments`)
      return this.#state(part, before, t, known)
    }
    const value = (part: Expression | undefined): Value => {
      invariant(part !== undefined, `${node.operator} has its arguments`)
      return this.#value(part, t, known)
    }
    switch (node.operator) {
      case 'add':
        return state(a).plus(state(b))
      case 'subtract':
        return state(a).plus(state(b).scaled(extended(-1)))
      case 'negate':
        return state(a).scaled(extended(-1))
      case 'multiply':
        return a?.type.kind === 'state' ? state(a).scaled(value(b)) : state(b).scaled(value(a))
      case 'divide': {
        const by = value(b)
        invariant(!(by instanceof Vector), 'a state is divided by a scalar')
        return state(a).scaled(divide(extended(1), by))
      }
    }
    const [x, y] = [value(a), value(b)]
    invariant(
      node.operator === 'outer' && x instanceof Vector && y instanceof Vector,
      'a state is an outer product',
    )
    return State.outer(x, y)
  }

  /** The value of what is no state, in which reads have been read. */
  #value(node: Expression, t: number, known: ReadonlyMap<string, Value>): Value {
    const evaluator = this.#parts.get(node) ?? this.#evaluator(node)
    this.#data.row(evaluator, t)
    for (const [name, value] of known) evaluator.set(name, value)
    return evaluator.value()
  }

  #evaluator(node: Expression): Evaluator {
    const closed = mapNodes(node, (part) => {
      const read = this.#reads.find((one) => one.node === part)
      return read && variable(read.name, part.type)
    })
    const made = this.#data.fix(new Evaluator(closed))
    this.#parts.set(node, made)
    return made
  }
}

const isRead = (node: Expression): boolean => node.kind === 'apply' && node.operator === 'read'

const vectorOf = (entries: readonly Extended[]): Vector =>
  Vector.from(entries.length, (index) => entries[index] ?? extended(0))
