/**
 * Expressions of the language as values of the ring. A vector is its entry as a
 * function of indices, one index for each `outer` that it went through, so that
 * sums over outer products come apart:
 *
 *     dot(outer(a, b), outer(c, d)) = Σ_s Σ_t a_s·b_t·c_s·d_t = dot(a, c)·dot(b, d)
 */
import { InvariantError, invariant } from '../../diagnostics/invariant.ts'
import type { Apply, Expression } from '../../symbolic/expression.ts'
import { scalarOperator } from '../../symbolic/operators.ts'
import { atomic, constant, exponential, multiply, scale } from './ring/arithmetic.ts'
import { entryAtom, scalarAtom } from './ring/atoms.ts'
import { applied, type Basis, power } from './ring/functions.ts'
import { maximumOver, sumOver } from './ring/sums.ts'
import type { Value } from './ring/value.ts'

/** An entry by its indices; a scalar has none. */
interface Entries {
  readonly sizes: readonly number[]
  readonly at: (indices: readonly string[]) => Value
}

/** How names and powers are read. */
export interface Lifting {
  readonly basis: Basis
  /** Other names for variables: `x` becomes `q` in a query's feature. */
  readonly names: Readonly<Record<string, string>>
}

/** The value of a scalar expression. */
export function liftScalar(expression: Expression, lifting: Lifting): Value {
  const { sizes, at } = lift(expression, new Lifter(lifting))
  invariant(sizes.length === 0, 'a scalar is asked for')
  return at([])
}

/** Σ over the features of a block: of the query's times the key's. */
export function liftProduct(query: Expression, key: Expression, ofQuery: Lifting, ofKey: Lifting): Value {
  const own = new Lifter(ofQuery)
  const left = lift(query, own)
  const right = lift(key, new Lifter(ofKey, own))
  return own.summed(combine([left, right], (parts) => multiply(...parts)))
}

class Lifter {
  readonly lifting: Lifting
  readonly #counter: { next: number }

  constructor(lifting: Lifting, other?: Lifter) {
    this.lifting = lifting
    this.#counter = other === undefined ? { next: 0 } : other.#counter
  }

  fresh(): string {
    return `#${this.#counter.next++}`
  }

  name(name: string): string {
    return this.lifting.names[name] ?? name
  }

  summed(entries: Entries): Value {
    return this.#over(sumOver, entries)
  }

  largest(entries: Entries): Value {
    return this.#over(maximumOver, entries)
  }

  #over(operator: typeof sumOver, { sizes, at }: Entries): Value {
    const indices = sizes.map(() => this.fresh())
    return sizes.reduceRight((value, size, n) => operator(indices[n] ?? '', size, value), at(indices))
  }
}

const scalarEntries = (value: Value): Entries => ({ sizes: [], at: () => value })

function lift(expression: Expression, lifter: Lifter): Entries {
  switch (expression.kind) {
    case 'constant':
      return scalarEntries(constant(expression.value))
    case 'variable': {
      const name = lifter.name(expression.name)
      const { type } = expression
      if (type.kind !== 'vector') return scalarEntries(atomic(scalarAtom(name)))
      return { sizes: [type.size], at: ([index = '']) => atomic(entryAtom(name, index)) }
    }
    case 'apply':
      return liftApply(expression, lifter)
    case 'element':
    case 'reduce':
      throw new InvariantError('an expectation is taken of an expression in user form')
  }
}

function liftApply({ operator, args }: Apply, lifter: Lifter): Entries {
  const [dividend, divisor] = args
  if (operator === 'divide' && dividend !== undefined && divisor !== undefined)
    return combine([lift(dividend, lifter), liftReciprocal(divisor, lifter)], (pair) => multiply(...pair))
  const parts = args.map((arg) => lift(arg, lifter))
  if (scalarOperator(operator) !== undefined)
    return combine(parts, (values) => applied(operator, values, lifter.lifting.basis))
  const [a, b] = parts
  invariant(a !== undefined, `${operator} has an argument`)
  const size = a.sizes.reduce((product, size) => product * size, 1)
  switch (operator) {
    case 'sum':
      return scalarEntries(lifter.summed(a))
    case 'mean':
      return scalarEntries(scale(lifter.summed(a), 1 / size))
    case 'maximum':
      return scalarEntries(lifter.largest(a))
    case 'norm':
      return scalarEntries(power(lifter.summed(combine([a, a], (pair) => multiply(...pair))), 0.5))
    case 'softmax': {
      const grown = combine([a], ([entry]) => exponential(entry ?? []))
      const total = power(lifter.summed(grown), -1, lifter.lifting.basis)
      return combine([grown], ([entry]) => multiply(entry ?? [], total))
    }
  }
  invariant(b !== undefined, `${operator} has two arguments`)
  if (operator === 'dot') return scalarEntries(lifter.summed(combine([a, b], (pair) => multiply(...pair))))
  invariant(operator === 'outer', `${operator} can be lifted`)
  return outer(a, b)
}

/** 1/(b·c) = (1/b)·(1/c) and 1/bⁿ = b⁻ⁿ, so that a divisor's factors are not multiplied out. */
function liftReciprocal(divisor: Expression, lifter: Lifter): Entries {
  const { basis } = lifter.lifting
  if (divisor.kind === 'apply') {
    const [a, b] = divisor.args
    if (divisor.operator === 'multiply' && a !== undefined && b !== undefined)
      return combine([liftReciprocal(a, lifter), liftReciprocal(b, lifter)], (pair) => multiply(...pair))
    if (divisor.operator === 'power' && a !== undefined && b?.kind === 'constant')
      return combine([lift(a, lifter)], ([base]) => power(base ?? [], -b.value, basis))
  }
  return combine([lift(divisor, lifter)], ([value]) => power(value ?? [], -1, basis))
}

/** Rows of one entry stay rows of one entry. */
function outer(a: Entries, b: Entries): Entries {
  const single = ({ sizes }: Entries): boolean => sizes.every((size) => size === 1)
  if (single(a) && single(b)) return combine([a, b], (pair) => multiply(...pair))
  const first = a.sizes.length
  return {
    sizes: [...a.sizes, ...b.sizes],
    at: (indices) => multiply(a.at(indices.slice(0, first)), b.at(indices.slice(first))),
  }
}

/** Entry by entry; scalars meet every entry. */
function combine(parts: readonly Entries[], of: (values: readonly Value[]) => Value): Entries {
  const shape = parts.find(({ sizes }) => sizes.length > 0)?.sizes ?? []
  for (const { sizes } of parts)
    invariant(sizes.length === 0 || sizes.length === shape.length, 'vectors of one size have one shape')
  return { sizes: shape, at: (indices) => of(parts.map(({ at }) => at(indices))) }
}
