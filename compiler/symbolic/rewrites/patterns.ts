/** Identities of functions, as patterns and results on expressions in normal form. */
import {
  add,
  apply,
  applyNamed,
  constant,
  divide,
  exp,
  log,
  multiply,
  negate,
  power,
  sqrt,
  variable,
} from '../build.ts'
import type { Apply, Expression } from '../expression.ts'
import { exactSum } from '../identities.ts'
import { isNonnegative, isNonpositive, isPositive } from '../interval.ts'
import type { Interval } from '../interval.ts'
import { functions } from '../operators/functions.ts'
import { print } from '../print.ts'
import { rangeOf } from '../range.ts'
import { children } from '../traverse.ts'
import { patternRewrite } from './rewrite.ts'
import type { Pattern, Rewrite } from './rewrite.ts'

const a = variable('a')
const b = variable('b')
const m = variable('m')
const n = variable('n')
const square = power(a, 2)
const zero = constant(0)
const unitary = constant(1)

/** A power whose exponent is a pattern. */
const powerOf = (base: Expression, exponent: Expression): Apply => ({
  kind: 'apply',
  type: base.type,
  operator: 'power',
  args: [base, exponent],
})

function hasFewerNodes(expression: Expression, limit: number): boolean {
  let count = 0
  const visit = (node: Expression): boolean => ++count < limit && children(node).every(visit)
  return visit(expression)
}

const patterns: readonly Pattern[] = [
  { name: 'exp of log', algebra: 'exp(log a) = a', from: exp(log(a)), to: a },
  { name: 'log of exp', algebra: 'log(exp a) = a', from: log(exp(a)), to: a },
  { name: 'root of square', algebra: '√(a²) = |a|', from: sqrt(square), to: apply('abs', a) },
  {
    name: 'root of exp',
    algebra: '√(exp a) = exp(a/2)',
    from: sqrt(exp(a)),
    to: exp(multiply(constant(0.5), a)),
  },
  {
    name: 'power of power',
    algebra: '(aᵐ)ⁿ = aᵐⁿ for a ≥ 0',
    from: powerOf(powerOf(a, m), n),
    to: powerOf(a, multiply(m, n)),
    when: (bound) => isNonnegative(rangeOf(bound('a'))),
    examples: [power(power(apply('softplus', a), 3), 0.5)],
  },
  { name: 'power one', algebra: 'a¹ = a', from: power(a, 1), to: a },
  { name: 'power zero', algebra: 'a⁰ = 1', from: power(a, 0), to: unitary },
  { name: 'power half', algebra: 'a^½ = √a', from: power(a, 0.5), to: sqrt(a) },
  {
    name: 'softplus',
    algebra: 'log(exp a + 1) = softplus a',
    from: log(add(exp(a), unitary)),
    to: apply('softplus', a),
  },
  {
    name: 'log of sigmoid',
    algebra: 'log(sigmoid a) = −softplus(−a)',
    from: log(apply('sigmoid', a)),
    to: negate(apply('softplus', negate(a))),
  },
  ...Object.keys(functions).flatMap(exactSums),
  {
    name: 'sigmoid',
    algebra: 'b/(exp a + 1) = b·sigmoid(−a)',
    from: divide(b, add(exp(a), unitary)),
    to: multiply(b, apply('sigmoid', negate(a))),
  },
  known('abs of nonnegative', '|a| = a for a ≥ 0', apply('abs', a), a, isNonnegative),
  known('abs of nonpositive', '|a| = −a for a ≤ 0', apply('abs', a), negate(a), isNonpositive),
  known('relu of nonnegative', 'relu a = a for a ≥ 0', apply('relu', a), a, isNonnegative),
  known('relu of nonpositive', 'relu a = 0 for a ≤ 0', apply('relu', a), zero, isNonpositive),
  known('elu of nonnegative', 'elu a = a for a ≥ 0', apply('elu', a), a, isNonnegative),
  known('sign of positive', 'sign a = 1 for a > 0', apply('sign', a), unitary, isPositive),
  known('step of positive', 'step a = 1 for a > 0', apply('step', a), unitary, isPositive),
  known('step of nonpositive', 'step a = 0 for a ≤ 0', apply('step', a), zero, isNonpositive),
  ...bounded('max', 'below', (kept, dropped) => kept.low >= dropped.high),
  ...bounded('min', 'above', (kept, dropped) => kept.high <= dropped.low),
  { name: 'max with zero', algebra: 'max(a, 0) = relu a', from: apply('max', a, zero), to: apply('relu', a) },
  { name: 'max of one', algebra: 'max(a, a) = a', from: apply('max', a, a), to: a },
  { name: 'min of one', algebra: 'min(a, a) = a', from: apply('min', a, a), to: a },
  {
    name: 'floor of floor',
    algebra: '⌊⌊a⌋⌋ = ⌊a⌋',
    from: apply('floor', apply('floor', a)),
    to: apply('floor', a),
  },
]

/** f(a) + c in the form that keeps its digits where f(a) nears −c. */
function exactSums(operator: string): readonly Pattern[] {
  const exact = exactSum(operator, [a])
  if (exact === undefined) return []
  const from = add(applyNamed(operator, [a]), constant(exact.constant))
  return [
    {
      name: `${operator} plus ${exact.constant}`,
      algebra: `${print(from)} = ${print(exact.sum)}, which keeps its digits where the sum cancels`,
      from,
      to: exact.sum,
      // a may occur twice in it, so that nesting it without bound would double without bound.
      when: (bound) => hasFewerNodes(bound('a'), 40),
    },
  ]
}

/** f(a) = g(a) for every a whose range lies on one side of 0. */
function known(
  name: string,
  algebra: string,
  from: Apply,
  to: Expression,
  holds: (range: Interval) => boolean,
): Pattern {
  const candidates = [exp(a), negate(exp(a))]
  return {
    name,
    algebra,
    from,
    to,
    when: (bound) => holds(rangeOf(bound('a'))),
    examples: candidates
      .filter((candidate) => holds(rangeOf(candidate)))
      .map((arg) => ({ ...from, args: [arg] })),
  }
}

/** max(a, b) or min(a, b) if the ranges of a and b decide which of the two it is. */
function bounded(
  operator: 'max' | 'min',
  never: string,
  settles: (kept: Interval, dropped: Interval) => boolean,
): readonly Pattern[] {
  const limit = constant(operator === 'max' ? -2 : 2)
  const from = apply(operator, a, b)
  return [a, b].map((kept, place) => ({
    name: `${operator} is the ${place === 0 ? 'first' : 'second'}`,
    algebra: `${operator}(a, b) = ${place === 0 ? 'a where a is never' : 'b where b is never'} ${never} the other`,
    from,
    to: kept,
    when: (bound) => {
      const [first, second] = [rangeOf(bound('a')), rangeOf(bound('b'))]
      return place === 0 ? settles(first, second) : settles(second, first)
    },
    examples: [
      place === 0 ? apply(operator, apply('sin', a), limit) : apply(operator, limit, apply('sin', a)),
    ],
  }))
}

/** The identities as rewrites. */
export const patternRewrites: readonly Rewrite[] = patterns.map(patternRewrite)
