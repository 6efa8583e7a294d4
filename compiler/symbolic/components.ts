/**
 * From user form, where a row is one value, to component form, where every node
 * is a scalar and a row is seen entry by entry.
 *
 *     dot(a, b)      Σ_t a[t]·b[t]            mean(a)       Σ_t a[t] / n
 *     norm(a)        √(Σ_t a[t]²)             maximum(a)    max_t a[t]
 *     softmax(a)[c]  exp(a[c] − max_t a[t]) / Σ_t exp(a[t] − max_s a[s])
 *     outer(a, b)[c] a[⌊c/p⌋]·b[c mod p],  p the length of b
 *     product(W, x)[c] Σ_t W[c·p + t]·x[t],  p the length of x
 *
 * Of entries that are chosen by their place, `min(max(n − c, 0), 1)` is 1 for a c below n and 0 for others.
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
  if (operator === 'product') return productEntry(args, index, fresh)
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
    case 'entry':
      invariant(b !== undefined, 'an entry has an index')
      return first(clamped(entry(b, constant(0), fresh), size - 1))
    case 'slice':
      invariant(b !== undefined, 'a slice has a start')
      return first(shiftedBy(index, b))
    case 'roll':
      invariant(b !== undefined, 'a roll has a distance')
      return first(apply('modulo', apply('subtract', index, entry(b, constant(0), fresh)), constant(size)))
    case 'rotary':
    case 'rotary_interleaved':
      return turnedEntry(operator, args, index, (at) => first(at), fresh)
  }
  invariant(b?.type.kind === 'vector', `${operator} has two vectors`)
  const width = constant(b.type.size)
  if (operator === 'concat') {
    const [left, right] = [size - 1, b.type.size - 1]
    const own = first(clamped(index, left))
    const second = entry(b, clamped(apply('subtract', index, constant(size)), right), fresh)
    if (index.kind === 'constant') return index.value < size ? own : second
    const chosen = below(index, size)
    return apply(
      'add',
      apply('multiply', chosen, own),
      apply('multiply', apply('subtract', constant(1), chosen), second),
    )
  }
  if (operator === 'dot') return over('sum', (t) => apply('multiply', first(t), entry(b, t, fresh)))
  invariant(operator === 'outer', `${operator} has a component form`)
  return apply(
    'multiply',
    first(apply('floor', apply('divide', index, width))),
    entry(b, apply('modulo', index, width), fresh),
  )
}

const sum = (a: Expression, b: Expression): Expression =>
  a.kind === 'constant' && b.kind === 'constant' ? constant(a.value + b.value) : apply('add', a, b)

const shiftedBy = (index: Expression, by: Expression): Expression =>
  by.kind === 'constant' && by.value === 0 ? index : sum(index, by)

/** An index brought into 0 … last. */
function clamped(index: Expression, last: number): Expression {
  if (index.kind === 'constant') return constant(Math.min(Math.max(index.value, 0), last))
  return apply('min', apply('max', index, constant(0)), constant(last))
}

/** 1 for an index below n, and 0 for others. */
const below = (index: Expression, n: number): Expression =>
  index.kind === 'constant'
    ? constant(index.value < n ? 1 : 0)
    : apply('min', apply('max', apply('subtract', constant(n), index), constant(0)), constant(1))

function productEntry([w, x]: readonly Expression[], index: Expression, fresh: Fresh): Expression {
  invariant(
    w?.kind === 'variable' && x?.type.kind === 'vector',
    'a product is of a given matrix and a vector',
  )
  const name = fresh()
  const t = variable(name)
  const place = sum(apply('multiply', index, constant(x.type.size)), t)
  return reduce('sum', name, x.type.size, apply('multiply', element(w.name, place), entry(x, t, fresh)))
}

/** Entry `index` of a row whose first n entries are turned in pairs. */
function turnedEntry(
  operator: string,
  [x, position, theta, count]: readonly Expression[],
  index: Expression,
  at: (index: Expression) => Expression,
  fresh: Fresh,
): Expression {
  invariant(
    x?.type.kind === 'vector' && position && theta && count?.kind === 'constant',
    `${operator} has a row, a position, a base and a count`,
  )
  const n = count.value
  const neighbours = operator === 'rotary_interleaved'
  const half = constant(neighbours ? 2 : n / 2)
  const pair = neighbours ? apply('floor', apply('divide', index, half)) : apply('modulo', index, half)
  // 0 for the first of a pair, 1 for the second.
  const second = neighbours
    ? apply('modulo', index, half)
    : apply('subtract', constant(1), below(index, n / 2))
  const exponent = apply('multiply', pair, constant(-2 / n))
  const rate = apply('exp', apply('multiply', exponent, apply('log', entry(theta, constant(0), fresh))))
  const angle = apply('multiply', entry(position, constant(0), fresh), rate)
  const sign = apply('subtract', apply('multiply', constant(2), second), constant(1))
  const partner = neighbours
    ? apply('subtract', index, sign)
    : apply('modulo', apply('add', index, half), constant(n))
  const last = x.type.size - 1
  const turned = apply(
    'add',
    apply('multiply', at(index), apply('cos', angle)),
    apply('multiply', apply('multiply', sign, at(clamped(partner, last))), apply('sin', angle)),
  )
  if (n === x.type.size) return turned
  const chosen = below(index, n)
  return apply(
    'add',
    apply('multiply', chosen, turned),
    apply('multiply', apply('subtract', constant(1), chosen), at(index)),
  )
}
