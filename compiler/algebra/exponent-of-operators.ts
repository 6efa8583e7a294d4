/**
 * The exponents of functions of one part v = c·exp(E):
 *
 *     √v = √c·exp(E/2)    |v| = |c|·exp(E)    relu v = relu(c)·exp(E)    log v = log c + E
 *     cosh u = ½(1 + exp(−2|u|))·exp(|u|)     sinh u = tanh u · cosh u
 *     sign v = sign c                         step v = step c
 *
 * Functions that are linear beyond a bounded region are, of a v with an exponent,
 *
 *     softplus v = relu v + softplus(−|v|)    elu v = relu v + elu(min(v, 0))
 *     silu v = v·sigmoid(v)                   gelu v = ½v·(1 + erf(v/√2))
 *
 * and everything else is bounded, or periodic, and stays as it is.
 */
import { add, apply, constant, divide, exp, log, multiply, negate, sqrt } from '../symbolic/build.ts'
import type { Apply, Expression } from '../symbolic/expression.ts'
import { simplify } from '../symbolic/simplify.ts'
import { addSplits, splitChoice } from './exponent-of-sums.ts'
import { isModerate, scaled } from './split.ts'
import type { Split, Splitter } from './split.ts'

export function splitOperator(whole: Apply, split: Splitter): Split {
  const { operator, args } = whole
  const [v] = args
  if (operator === 'min' || operator === 'max') return splitChoice(operator, args, split)
  if (v === undefined) return { coefficient: whole }
  if (operator === 'cosh' || operator === 'sinh') return splitHyperbolic(operator, v, whole)
  const { coefficient: c, exponent } = split(v)
  if (exponent === undefined) return { coefficient: whole }
  // Of v only c and E are taken apart; v itself stays whole elsewhere, so nothing doubles when these are nested.
  const linear = (): Split => ({ coefficient: simplify(apply('relu', c)), exponent })
  switch (operator) {
    case 'sqrt':
      return scaled(sqrt(c), divide(exponent, constant(2)))
    case 'abs':
    case 'relu':
      return scaled(apply(operator, c), exponent)
    case 'log':
      // The logarithm of c, which grows as a power at most, has no exponent to look for.
      return addSplits([{ coefficient: log(c) }, split(exponent)])
    case 'sign':
    case 'step':
      return { coefficient: simplify(apply(operator, c)) }
    case 'softplus':
      return addSplits([linear(), { coefficient: apply('softplus', negate(apply('abs', v))) }])
    case 'elu':
      return addSplits([linear(), { coefficient: apply('elu', apply('min', v, constant(0))) }])
    case 'silu':
      return scaled(multiply(c, apply('sigmoid', v)), exponent)
    case 'gelu':
      return scaled(multiply(constant(0.5), c, normalBelowTwice(v)), exponent)
    default:
      return { coefficient: whole }
  }
}

/** 1 + erf(v/√2) = 2Φ(v). */
const normalBelowTwice = (v: Expression): Expression =>
  add(constant(1), apply('erf', divide(v, constant(Math.SQRT2))))

function splitHyperbolic(operator: 'cosh' | 'sinh', u: Expression, whole: Expression): Split {
  if (isModerate(u)) return { coefficient: whole }
  const size = simplify(apply('abs', u))
  const decaying = exp(multiply(constant(-2), size))
  const coefficient = multiply(constant(0.5), add(decaying, constant(1)))
  return scaled(operator === 'cosh' ? coefficient : multiply(apply('tanh', u), coefficient), size)
}
