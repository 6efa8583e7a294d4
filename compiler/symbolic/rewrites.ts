/** All rewrites, in the order in which they are tried on a node whose children are simplified. */
import {
  add,
  apply,
  constant,
  divide,
  exp,
  multiply,
  negate,
  power,
  reduce,
  subtract,
  variable,
} from './build.ts'
import type { Apply, Expression } from './expression.ts'
import { scalarOperator } from './operators.ts'
import { patternRewrites } from './rewrites/patterns.ts'
import { upright } from './rewrites/orientation.ts'
import { collectProduct, isProduct } from './rewrites/products.ts'
import { constantBody, factorOut, singleEntry, termOut } from './rewrites/reduces.ts'
import { foldConstants } from './rewrites/rewrite.ts'
import type { Rewrite } from './rewrites/rewrite.ts'
import { collectSum, isSum } from './rewrites/sums.ts'
import { compare, equals } from './traverse.ts'

const a = variable('a')
const b = variable('b')
const c = variable('c')
const t = variable('t')
const sine = apply('sin', multiply(a, t))

const changed = (before: Expression, after: Expression): Expression | undefined =>
  equals(before, after) ? undefined : after

/** f(−a) is f(a) or −f(a); an even power is an even function. */
function pullSign(expression: Expression): Expression | undefined {
  if (expression.kind !== 'apply') return undefined
  const [arg, ...rest] = expression.args
  const parity = parityOf(expression)
  const positive = parity === undefined || arg === undefined ? undefined : upright(arg)
  if (positive === undefined) return undefined
  const turned = { ...expression, args: [positive, ...rest] }
  return parity === 'even' ? turned : negate(turned)
}

function parityOf({ operator, args }: Apply): 'even' | 'odd' | undefined {
  if (operator === 'negate') return undefined
  const exponent = args[1]
  if (operator !== 'power' || exponent?.kind !== 'constant') return scalarOperator(operator)?.parity
  if (!Number.isInteger(exponent.value)) return undefined
  return exponent.value % 2 === 0 ? 'even' : 'odd'
}

function orderArguments(expression: Expression): Expression | undefined {
  if (expression.kind !== 'apply' || !['min', 'max'].includes(expression.operator)) return undefined
  return changed(expression, { ...expression, args: [...expression.args].sort((x, y) => compare(y, x)) })
}

/** max(a, −a) = |a|, min(a, −a) = −|a|. */
function oppositeArguments(expression: Expression): Expression | undefined {
  if (expression.kind !== 'apply' || !['min', 'max'].includes(expression.operator)) return undefined
  const [first, second] = expression.args
  if (first === undefined || second === undefined) return undefined
  const opposite = isSum(first) ? collectSum(negate(first)) : collectProduct(negate(first))
  if (!equals(opposite, second)) return undefined
  const size = apply('abs', first)
  return expression.operator === 'max' ? size : negate(size)
}

/** Every rewrite. The order matters: simplification takes the first that changes a node. */
export const rewrites: readonly Rewrite[] = [
  {
    name: 'constants',
    algebra: 'an operator on constants is a constant, where that is finite',
    apply: foldConstants,
    examples: [exp(constant(2)), divide(constant(1), constant(3)), apply('sinh', constant(0.5))],
  },
  {
    name: 'sum',
    algebra: 'm·a + n·a = (m + n)·a, a + 0 = a, a − b = a + (−1)·b, terms in order',
    apply: (expression) => (isSum(expression) ? changed(expression, collectSum(expression)) : undefined),
    examples: [
      add(a, a),
      subtract(add(b, a), b),
      add(add(constant(1), a), constant(2)),
      add(divide(a, constant(3)), a),
    ],
  },
  {
    name: 'product',
    algebra:
      'aᵐ·aⁿ = aᵐ⁺ⁿ, exp a · exp b = exp(a + b), a·1 = a, a·0 = 0, a/b = a·b⁻¹, (√a)²ⁿ = aⁿ, |a|²ⁿ = a²ⁿ, in order',
    apply: (expression) =>
      isProduct(expression) ? changed(expression, collectProduct(expression)) : undefined,
    examples: [
      multiply(a, a),
      multiply(exp(a), exp(b)),
      divide(exp(a), exp(b)),
      multiply(constant(2), a, constant(3)),
      power(multiply(a, b), 2),
      multiply(power(a, 2), c, power(a, -1)),
      divide(multiply(constant(6), a), constant(9)),
      negate(negate(a)),
      power(apply('sqrt', a), 4),
      multiply(apply('abs', a), apply('abs', a)),
      multiply(constant(0), a),
    ],
  },
  {
    name: 'parity',
    algebra: 'f(−a) = f(a) for even f, −f(a) for odd f',
    apply: pullSign,
    examples: [
      apply('cos', negate(a)),
      apply('sinh', negate(a)),
      apply('abs', multiply(constant(-2), a)),
      apply('cos', subtract(b, a)),
      power(subtract(b, a), 2),
    ],
  },
  {
    name: 'commute',
    algebra: 'max(a, b) = max(b, a), min(a, b) = min(b, a)',
    apply: orderArguments,
    examples: [apply('max', a, exp(b)), apply('min', a, exp(b))],
  },
  {
    name: 'opposites',
    algebra: 'max(a, −a) = |a|, min(a, −a) = −|a|',
    apply: oppositeArguments,
    examples: [
      apply('max', a, negate(a)),
      apply('min', negate(a), a),
      apply('max', subtract(a, b), subtract(b, a)),
    ],
  },
  {
    name: 'single entry',
    algebra: 'Σ_{t<1} b_t = b_0',
    apply: singleEntry,
    examples: [reduce('sum', 't', 1, add(a, t)), reduce('maximum', 't', 1, sine)],
  },
  {
    name: 'constant body',
    algebra: 'Σ_{t<n} a = n·a, max_t a = a',
    apply: constantBody,
    examples: [reduce('sum', 't', 5, a), reduce('maximum', 't', 5, a)],
  },
  {
    name: 'factor out',
    algebra: 'Σ_t a·b_t = a·Σ_t b_t, and max_t a·b_t = a·max_t b_t for a > 0',
    apply: factorOut,
    examples: [
      reduce('sum', 't', 4, multiply(b, sine)),
      reduce('sum', 't', 4, divide(sine, constant(-3))),
      reduce('maximum', 't', 4, multiply(exp(b), sine)),
      reduce('maximum', 't', 4, multiply(constant(-2), sine)),
    ],
  },
  {
    name: 'term out',
    algebra: 'max_t (a + b_t) = a + max_t b_t',
    apply: termOut,
    examples: [reduce('maximum', 't', 4, add(b, sine)), reduce('maximum', 't', 4, subtract(sine, exp(b)))],
  },
  ...patternRewrites,
]
