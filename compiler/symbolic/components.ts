/**
 * From user form, where a row is one value, to component form, where every node
 * is a scalar and a row is seen entry by entry.
 *
 *     dot(a, b)      Σ_t a[t]·b[t]            mean(a)       Σ_t a[t] / n
 *     norm(a)        √(Σ_t a[t]²)             maximum(a)    max_t a[t]
 *     softmax(a)[c]  exp(a[c] − max_t a[t]) / Σ_t exp(a[t] − max_s a[s])
 *     outer(a, b)[c] a[⌊c/p⌋]·b[c mod p],  p the length of b
 */
import { InvariantError, invariant } from '../diagnostics/invariant.ts'
import { apply, applyNamed, constant, element, reduce, variable } from './build.ts'
import type { Apply, Expression } from './expression.ts'
import { nameIndices } from './indices.ts'
import { scalarOperator } from './operators.ts'

/** Entry `index` of a vector expression, or a scalar expression itself, in component form. */
export function components(expression: Expression, index: Expression): Expression {
  let bound = 0
  const fresh = (): string => `#${bound++}`
  return nameIndices(entry(expression, index, fresh))
}

/** A scalar expression in component form. */
export function scalarComponents(expression: Expression): Expression {
  invariant(expression.type.kind !== 'vector', 'a vector is taken entry by entry')
  return components(expression, constant(0))
}

type Fresh = () => string

function entry(expression: Expression, index: Expression, fresh: Fresh): Expression {
  switch (expression.kind) {
    case 'constant':
      return expression
    case 'variable':
      return expression.type.kind === 'vector' ? element(expression.name, index) : expression
    case 'apply':
      if (scalarOperator(expression.operator) === undefined) return rowEntry(expression, index, fresh)
      return applyNamed(
        expression.operator,
        expression.args.map((arg) => entry(arg, index, fresh)),
      )
    case 'element':
    case 'reduce':
      throw new InvariantError('an expression in component form is not taken apart again')
  }
}

function rowEntry({ operator, args }: Apply, index: Expression, fresh: Fresh): Expression {
  const [a, b] = args
  invariant(a?.type.kind === 'vector', `the argument of ${operator} is a vector`)
  const size = a.type.size
  const over = (kind: 'sum' | 'maximum', body: (t: Expression) => Expression): Expression => {
    const name = fresh()
    return reduce(kind, name, size, body(variable(name)))
  }
  const first = (t: Expression): Expression => entry(a, t, fresh)
  const sum = (): Expression => over('sum', first)
  const maximum = (): Expression => over('maximum', first)
  const shifted = (t: Expression): Expression => apply('exp', apply('subtract', first(t), maximum()))
  switch (operator) {
    case 'sum':
      return sum()
    case 'maximum':
      return maximum()
    case 'mean':
      return apply('divide', sum(), constant(size))
    case 'norm':
      return apply(
        'sqrt',
        over('sum', (t) => apply('power', first(t), constant(2))),
      )
    case 'softmax':
      return apply('divide', shifted(index), over('sum', shifted))
  }
  invariant(b?.type.kind === 'vector', `${operator} has two vectors`)
  const width = constant(b.type.size)
  if (operator === 'dot') return over('sum', (t) => apply('multiply', first(t), entry(b, t, fresh)))
  invariant(operator === 'outer', `${operator} has a component form`)
  return apply(
    'multiply',
    first(apply('floor', apply('divide', index, width))),
    entry(b, apply('modulo', index, width), fresh),
  )
}
