/**
 * Expressions in component form, evaluated for one cell: a loop for the
 * reductions that go over as many entries, each reduction once, those that do
 * not depend on an enclosing index before its loop.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Expression, Reduce } from '../../symbolic/expression.ts'
import { children, equals, mentions } from '../../symbolic/traverse.ts'
import { add, assign, call, convert, f32, for_, ref, var_ } from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { applyOperator, indexValue, isOfIndexes } from '../lower/operators.ts'
import type { Names } from './names.ts'

/** The meaning of an expression's free variables in one cell. */
export interface Surroundings {
  /** Entries of the rows that expressions see. */
  readonly rows: Readonly<Record<string, (index: Value) => Value>>
  /** f32, by name. */
  readonly scalars?: Readonly<Record<string, Value>>
  /** u32, by name. */
  readonly indexes?: Readonly<Record<string, Value>>
  readonly names: Names
}

/** The loops of the reductions, and one f32 value per expression once these have run. */
export interface Evaluated {
  readonly statements: Body
  readonly values: readonly Value[]
}

/**
 * Evaluates the expressions for one cell; equal reductions share a variable, and reductions of one length
 * share a loop.
 */
export function evaluate(expressions: readonly Expression[], around: Surroundings): Evaluated {
  const evaluation = new Evaluation(around)
  const statements: Body[] = []
  const known = evaluation.reduceAll(
    expressions.flatMap(outermost),
    { indexes: {}, known: [] },
    0,
    statements,
  )
  const scope = { indexes: {}, known }
  return { statements, values: expressions.map((expression) => evaluation.scalar(expression, scope)) }
}

type Known = readonly { readonly reduce: Reduce; readonly value: Value }[]

interface Scope {
  /** Loop indexes by the names that reduces bind. */
  readonly indexes: Readonly<Record<string, Value>>
  readonly known: Known
}

/** Indexes of nested reductions, the outermost first. */
export const loopIndexes = ['t', 's', 'u', 'r'] as const

class Evaluation {
  readonly #around: Surroundings

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Statements for reductions of which none holds another, and the values that they make known. */
  reduceAll(reduces: readonly Reduce[], { indexes, known }: Scope, depth: number, into: Body[]): Known {
    const unknown = reduces.filter(
      (one, place) =>
        !known.some(({ reduce }) => equals(reduce, one)) &&
        reduces.findIndex((other) => equals(other, one)) === place,
    )
    if (unknown.length === 0) return known
    const before = unknown.flatMap((one) =>
      outermost(one.body).filter((inner) => !mentions(inner, one.index)),
    )
    let now = this.reduceAll(before, { indexes, known }, depth, into)
    for (const size of new Set(unknown.map((one) => one.size)))
      now = this.#loop(
        unknown.filter((one) => one.size === size),
        size,
        { indexes, known: now },
        depth,
        into,
      )
    return now
  }

  #loop(reduces: readonly Reduce[], size: number, scope: Scope, depth: number, into: Body[]): Known {
    const totals = reduces.map((one) =>
      var_(this.#around.names.fresh(nameOf(one)), f32(one.operator === 'sum' ? 0 : lowest)),
    )
    const index = loopIndexes[depth]
    invariant(index !== undefined, 'reductions are not nested as deep')
    const loop = for_(index, 0, size, 1, (t) => {
      const inside: Body[] = []
      const indexes = { ...scope.indexes, ...Object.fromEntries(reduces.map((one) => [one.index, t])) }
      const known = this.reduceAll(
        reduces.flatMap((one) => outermost(one.body)),
        { indexes, known: scope.known },
        depth + 1,
        inside,
      )
      const updates = reduces.map((one, place) => {
        const total = totals[place]
        invariant(total !== undefined, 'each reduction has a variable')
        const term = this.scalar(one.body, { indexes, known })
        return assign(
          ref(total),
          one.operator === 'sum' ? add(ref(total), term) : call('max', ref(total), term),
        )
      })
      return [inside, updates]
    })
    into.push(totals, loop)
    return [
      ...scope.known,
      ...reduces.flatMap((reduce, place) => {
        const total = totals[place]
        return total === undefined ? [] : [{ reduce, value: ref(total) }]
      }),
    ]
  }

  scalar(expression: Expression, scope: Scope): Value {
    const { rows, scalars = {}, indexes = {} } = this.#around
    const indexNamed = (name: string): Value => {
      const value = indexes[name] ?? scope.indexes[name]
      invariant(value !== undefined, `${name} is an index that is known here`)
      return value
    }
    switch (expression.kind) {
      case 'constant':
        return f32(expression.value)
      case 'variable': {
        const { name } = expression
        return scalars[name] ?? convert('f32', indexNamed(name))
      }
      case 'element': {
        const row = rows[expression.vector]
        invariant(row !== undefined, `the cell has a row ${expression.vector}`)
        const isIndex = (name: string): boolean => name in indexes || name in scope.indexes
        return row(
          isOfIndexes(expression.index, isIndex)
            ? indexValue(expression.index, indexNamed)
            : convert('u32', call('floor', this.scalar(expression.index, scope))),
        )
      }
      case 'reduce': {
        const found = scope.known.find(({ reduce }) => equals(reduce, expression))
        invariant(found !== undefined, 'a reduction is evaluated before it is used')
        return found.value
      }
      case 'apply':
        return applyOperator(
          expression.operator,
          expression.args.map((argument) => this.scalar(argument, scope)),
        )
    }
  }
}

/** The reductions of an expression that are in no other. */
function outermost(expression: Expression): Reduce[] {
  return expression.kind === 'reduce' ? [expression] : children(expression).flatMap(outermost)
}

/** `dotWX` for the products of the entries of two rows, `sumX` and `largestX` for others. */
function nameOf({ operator, body }: Reduce): string {
  const rows = vectorsOf(body).map((vector) => vector.toUpperCase())
  const product =
    body.kind === 'apply' &&
    (body.operator === 'multiply' || body.operator === 'power') &&
    body.args.every(({ kind }) => kind === 'element' || kind === 'constant')
  const letters = rows.length === 1 && product ? `${rows[0] ?? ''}${rows[0] ?? ''}` : rows.join('')
  return `${operator === 'maximum' ? 'largest' : product ? 'dot' : 'sum'}${letters}`
}

function vectorsOf(expression: Expression): string[] {
  // A name that a file cannot give is no name of a kernel, either.
  const own = expression.kind === 'element' ? [expression.vector.replaceAll(/\W/g, '')] : []
  return [...new Set([...own, ...children(expression).flatMap(vectorsOf)])]
}
