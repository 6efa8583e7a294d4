/** Identities of the functions, each a pattern and a result on expressions in normal form. */
import { add, apply, constant, divide, exp, log, multiply, negate, power, sqrt, variable } from '../build.ts'
import type { Apply, Expression } from '../expression.ts'
import { isNonnegative, isNonpositive, isPositive } from '../interval.ts'
import { rangeOf } from '../range.ts'
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
  {
    name: 'max by bounds',
    algebra: 'max(a, b) = a where a is never below b',
    from: apply('max', a, b),
    to: a,
    when: (bound) => rangeOf(bound('a')).low >= rangeOf(bound('b')).high,
    examples: [apply('max', exp(a), constant(-1))],
  },
  {
    name: 'min by bounds',
    algebra: 'min(a, b) = a where a is never above b',
    from: apply('min', a, b),
    to: a,
    when: (bound) => rangeOf(bound('a')).high <= rangeOf(bound('b')).low,
    examples: [apply('min', apply('sin', a), constant(2))],
  },
  { name: 'max of one', algebra: 'max(a, a) = a', from: apply('max', a, a), to: a },
  { name: 'min of one', algebra: 'min(a, a) = a', from: apply('min', a, a), to: a },
  {
    name: 'floor of floor',
    algebra: '⌊⌊a⌋⌋ = ⌊a⌋',
    from: apply('floor', apply('floor', a)),
    to: apply('floor', a),
  },
]

/** f(a) = g(a) for those a of which the range is known to lie on one side of 0. */
function known(
  name: string,
  algebra: string,
  from: Apply,
  to: Expression,
  holds: (range: ReturnType<typeof rangeOf>) => boolean,
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

export const patternRewrites: readonly Rewrite[] = patterns.map(patternRewrite)
