/**
 * Evaluates expressions on a block of pairs held in registers: four *lanes* (the
 * lanes of vec4f values, such as four rows) by a few *items* (such as four
 * projections, or four keys).
 *
 * Everything is computed at the smallest extent that it depends on: a reduction
 * over entries of the lanes' row alone runs once for all items, one over an
 * item's row once for all lanes, and one that sees both runs as a register
 * tile, which is the matrix product when its body is a product. Reductions that
 * do not depend on one another and have the same length share a loop.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import { print } from '../../symbolic/print.ts'
import { children, freeVariables } from '../../symbolic/traverse.ts'
import type { Expression, Reduce } from '../../symbolic/expression.ts'
import {
  add,
  assign,
  call,
  convert,
  f32,
  for_,
  lane as laneOf,
  let_,
  ref,
  splat,
  typeOf,
  var_,
} from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { applyOperator, indexValue, isOfIndexes, widen } from './operators.ts'

/** A free scalar variable: whether it varies by lane, by item or not at all, and its value there. */
export type Entry =
  | { readonly extent: 'all'; readonly value: Value }
  /** A vec4f. */
  | { readonly extent: 'lanes'; readonly value: Value }
  | { readonly extent: 'items'; readonly value: (item: number) => Value }

/** A vector variable: its entry at an index, for a lane or for an item. */
export interface Row {
  /** `all`: one row for all of them, as a table is. */
  readonly extent: 'lanes' | 'items' | 'all'
  readonly load: (which: number, index: Value) => Value
  /** Of rows by lanes whose entries at an index lie side by side: those of all four, a vec4f. */
  readonly loadLanes?: (index: Value) => Value
}

/** The index of a block's component: u32, for a lane or an item. */
export interface Component {
  readonly extent: 'lanes' | 'items'
  readonly index: (which: number) => Value
}

/** The meaning of an expression's free variables on a register tile of four lanes by `items` items. */
export interface Surroundings {
  readonly items: number
  readonly rows: Readonly<Record<string, Row>>
  readonly scalars: Readonly<Record<string, Entry>>
  readonly component?: Component
  /** Keeps the names of two evaluations in one scope apart. */
  readonly prefix: string
}

/** The expressions' statements, and their values item by item once these have run. */
export interface Evaluated {
  readonly statements: Body
  /** Of expression `which`, for `item`: f32 where the lanes agree, else vec4f. */
  readonly value: (which: number, item: number) => Value
}

/** Whether something differs between lanes, between items. */
interface Extent {
  readonly lanes: boolean
  readonly items: boolean
}

/** Values of computed reductions, item by item; the key is the printed form of the reduction. */
export type Reduced = ReadonlyMap<string, (item: number) => Value>

/**
 * The reductions that see the rows alone, which are on the extent `rows`, computed once for all evaluations of the
 * same rows.
 */
export function reduceRows(
  expressions: readonly Expression[],
  around: Surroundings,
  rows: 'lanes' | 'items' = 'lanes',
): { readonly statements: Body; readonly reduced: Reduced } {
  const evaluator = new Evaluator(around)
  const other = rows === 'lanes' ? 'items' : 'lanes'
  const statements = evaluator.reductions(expressions, (extent) => !extent[other])
  return { statements, reduced: evaluator.reduced }
}

/**
 * Evaluates the expressions on the register tile; `reduced` holds the sums and maxima that earlier
 * statements have computed.
 */
export function evaluatePairs(
  expressions: readonly Expression[],
  around: Surroundings,
  reduced: Reduced = new Map(),
): Evaluated {
  const evaluator = new Evaluator(around, reduced)
  const statements: Body[] = [evaluator.reductions(expressions)]
  const loads = new Loads(evaluator)
  const values = expressions.map((expression) => {
    const { items } = evaluator.extent(expression)
    const count = items ? around.items : 1
    return Array.from({ length: count }, (_, item) => {
      const value = evaluator.value(expression, item, loads)
      statements.push(...loads.take())
      if (isPlain(value)) return value
      const named = let_(evaluator.fresh('value'), value)
      statements.push(named)
      return ref(named)
    })
  })
  return {
    statements,
    value: (which, item) => {
      const at = values[which]
      const value = at?.[at.length === 1 ? 0 : item]
      invariant(value !== undefined, 'an evaluated expression has a value for each item')
      return value
    },
  }
}

class Evaluator {
  readonly #around: Surroundings
  readonly #reduced: Map<string, (item: number) => Value>
  readonly #indexes = new Map<string, Value>()
  #names = 0

  constructor(around: Surroundings, reduced: Reduced = new Map()) {
    this.#around = around
    this.#reduced = new Map(reduced)
  }

  get reduced(): Reduced {
    return this.#reduced
  }

  fresh(word: string): string {
    this.#names += 1
    return `${this.#around.prefix}_${word}${this.#names}`
  }

  extent(expression: Expression): Extent {
    const { rows, scalars, component } = this.#around
    let lanes = false
    let items = false
    for (const name of freeVariables(expression)) {
      const where =
        rows[name]?.extent ?? scalars[name]?.extent ?? (name === 'component' ? component?.extent : undefined)
      lanes ||= where === 'lanes'
      items ||= where === 'items'
    }
    return { lanes, items }
  }

  /** Statements that compute the reductions in the expressions, inner ones first. */
  reductions(expressions: readonly Expression[], wanted: (extent: Extent) => boolean = () => true): Body {
    const levels: Map<string, Reduce>[] = []
    const visit = (expression: Expression): number => {
      const inner = Math.max(0, ...children(expression).map(visit))
      if (expression.kind !== 'reduce') return inner
      const level = (levels[inner] ??= new Map<string, Reduce>())
      level.set(print(expression), expression)
      return inner + 1
    }
    expressions.forEach(visit)
    return levels.map((level) => {
      const waiting = [...level.entries()].filter(
        ([key, reduce]) => !this.#reduced.has(key) && wanted(this.extent(reduce)),
      )
      return this.#loops(waiting.map(([, reduce]) => reduce))
    })
  }

  /** One loop for all reductions of equal length and extent. */
  #loops(reductions: readonly Reduce[]): Body {
    const groups = new Map<string, Reduce[]>()
    for (const reduce of reductions) {
      const { lanes, items } = this.extent(reduce)
      const key = `${reduce.size} ${lanes} ${items}`
      groups.set(key, [...(groups.get(key) ?? []), reduce])
    }
    return [...groups.values()].map((group) => this.#loop(group))
  }

  #loop(group: readonly Reduce[]): Body {
    const [first] = group
    invariant(first !== undefined, 'a loop reduces something')
    const { lanes, items } = this.extent(first)
    const count = items ? this.#around.items : 1
    const sums = group.map((reduce) => {
      const start = reduce.operator === 'sum' ? f32(0) : f32(lowest)
      const word = this.fresh(reduce.operator === 'sum' ? 'sum' : 'largest')
      return Array.from({ length: count }, (_, item) =>
        var_(count === 1 ? word : `${word}_${item}`, lanes ? splat(start) : start),
      )
    })
    const loop = for_(this.fresh('t'), 0, first.size, 1, (index) => {
      const loads = new Loads(this)
      const updates = group.flatMap((reduce, which) => {
        this.#indexes.set(reduce.index, index)
        return (sums[which] ?? []).map((sum, item) => {
          const body = this.value(reduce.body, item, loads)
          const term = lanes ? widen(body) : body
          return assign(
            ref(sum),
            reduce.operator === 'sum' ? add(ref(sum), term) : call('max', ref(sum), term),
          )
        })
      })
      return [loads.take(), updates]
    })
    group.forEach((reduce, which) => {
      const names = (sums[which] ?? []).map((sum) => ref(sum))
      this.#reduced.set(print(reduce), (item) => {
        const value = names[names.length === 1 ? 0 : item]
        invariant(value !== undefined, 'a reduction has a value for each item')
        return value
      })
    })
    return [sums, loop]
  }

  value(expression: Expression, item: number, loads: Loads): Value {
    switch (expression.kind) {
      case 'constant':
        return f32(expression.value)
      case 'variable':
        return this.#variable(expression.name, item)
      case 'element':
        return this.#element(expression.vector, expression.index, item, loads)
      case 'reduce': {
        const reduced = this.#reduced.get(print(expression))
        invariant(reduced !== undefined, 'inner reductions are computed before outer ones')
        return reduced(item)
      }
      case 'apply':
        return applyOperator(
          expression.operator,
          expression.args.map((argument) => this.value(argument, item, loads)),
        )
    }
  }

  #variable(name: string, item: number): Value {
    const index = this.#indexes.get(name)
    if (index !== undefined) return convert('f32', index)
    const entry = this.#around.scalars[name]
    invariant(entry !== undefined, `the variable ${name} has a value here`)
    return entry.extent === 'items' ? entry.value(item) : entry.value
  }

  #element(vector: string, index: Expression, item: number, loads: Loads): Value {
    const row = this.#around.rows[vector]
    invariant(row !== undefined, `the row ${vector} is at hand here`)
    const { component } = this.#around
    const byLane = row.extent === 'lanes' || this.extent(index).lanes
    const byItem = row.extent === 'items' || this.extent(index).items
    const isIndex = (name: string): boolean => name === 'component' || this.#indexes.has(name)
    const number = isOfIndexes(index, isIndex) ? undefined : this.value(index, item, loads)
    const position = (lane: 0 | 1 | 2 | 3): Value => {
      if (number !== undefined)
        return convert('u32', call('floor', typeOf(number) === 'vec4f' ? laneOf(number, lane) : number))
      return indexValue(index, (name) => {
        if (name === 'component' && component !== undefined)
          return component.index(component.extent === 'lanes' ? lane : item)
        const found = this.#indexes.get(name)
        invariant(found !== undefined, `the index ${name} is bound`)
        return found
      })
    }
    const at = (lane: 0 | 1 | 2 | 3): Value => row.load(row.extent === 'items' ? item : lane, position(lane))
    const together = this.extent(index).lanes ? undefined : row.loadLanes?.(position(0))
    const value: Value = byLane ? (together ?? { kind: 'vec4', lanes: [at(0), at(1), at(2), at(3)] }) : at(0)
    return loads.once(`${vector}[${print(index)}]${byItem ? ` ${item}` : ''}`, vector, value)
  }
}

/** Loads that share a scope, each made once. */
class Loads {
  #statements: Body[] = []
  readonly #seen = new Map<string, Value>()
  readonly #names: Evaluator

  constructor(names: Evaluator) {
    this.#names = names
  }

  /** The loads since the last time, to stand before what uses them. */
  take(): Body[] {
    const taken = this.#statements
    this.#statements = []
    return taken
  }

  once(key: string, word: string, value: Value): Value {
    const known = this.#seen.get(key)
    if (known !== undefined) return known
    const named = let_(this.#names.fresh(word), value)
    this.#statements.push(named)
    this.#seen.set(key, ref(named))
    return ref(named)
  }
}

/** Worth no name of its own. */
function isPlain(value: Value): boolean {
  return (
    value.kind === 'number' ||
    value.kind === 'name' ||
    (value.kind === 'splat' && typeOf(value.value) === 'f32' && isPlain(value.value))
  )
}
