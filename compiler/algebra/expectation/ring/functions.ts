/**
 * Powers and functions of values, each reduced to exponentials, whole powers and
 * as few other functions as an identity allows:
 *
 *     cos v = ½(exp(iv) + exp(−iv))    sin v = (exp(iv) − exp(−iv))/2i
 *     (c·Π aᵖ·exp E)ʳ = cʳ·Π aᵖʳ·exp(rE)           where that has a meaning
 *
 * and by the operators' records: f(−v) = ±f(v) by parity, f(c·v) = cᵈ·f(v) for c > 0 by growth, and the identity,
 * as cosh v = ½(exp v + exp(−v)).
 */
import { InvariantError, invariant } from '../../../diagnostics/invariant.ts'
import { variable } from '../../../symbolic/build.ts'
import type { Expression } from '../../../symbolic/expression.ts'
import { everything, isNonnegative as isNonnegativeRange } from '../../../symbolic/interval.ts'
import { scalarOperator } from '../../../symbolic/operators.ts'
import type { ScalarOperator } from '../../../symbolic/operators.ts'
import {
  add,
  asConstant,
  atomic,
  constant,
  exponential,
  isReal,
  multiply,
  one,
  scale,
  subtract,
  wholePower,
  zero,
} from './arithmetic.ts'
import { compareKeys, functionAtom, groupAtom, term } from './atoms.ts'
import * as complex from './complex.ts'
import { type Atom, type Factor, type FunctionAtom, OutOfReach, type Term, type Value } from './value.ts'

const mostWhole = 12

/** base to a constant power: expanded where the power is a positive integer, and else a group where base is a sum. */
export function power(base: Value, exponent: number, basis: Basis = 'written'): Value {
  if (exponent === 0) return one
  const [only] = base
  if (only === undefined) {
    if (exponent > 0) return zero
    throw new OutOfReach('a division by 0')
  }
  const whole = Number.isInteger(exponent)
  if (whole && exponent > 0 && (base.length > 1 || hasGroups(only))) {
    if (exponent > mostWhole) throw new OutOfReach(`a power of ${exponent}`)
    return wholePower(base, exponent)
  }
  return base.length === 1 ? powerOfTerm(only, exponent) : powerOfSum(base, exponent, basis)
}

const hasGroups = ({ factors }: Term): boolean =>
  factors.some(({ atom }) => atom.kind === 'group' || atom.kind === 'function')

function powerOfTerm(base: Term, exponent: number): Value {
  const { coefficient, weight, factors, exponent: inner } = base
  const size = complex.size(coefficient)
  const scaledWeight = size ** exponent * (weight / size)
  const grown = scale(inner, exponent)
  if (Number.isInteger(exponent) || factors.length === 0) {
    const powers = factors.map(({ atom, power }) => ({ atom, power: power * exponent }))
    return multiply([term(complex.raised(coefficient, exponent), scaledWeight, powers, grown)])
  }
  if (coefficient.im !== 0 || !isReal(inner)) throw new OutOfReach(`a power ${exponent} of something complex`)
  // Only what may be negative stays under the power, with its sign.
  const sure = factors.filter(isNonnegative)
  const uncertain = factors.filter((factor) => !isNonnegative(factor))
  const outside = [term(complex.real(size ** exponent), scaledWeight, [], grown)]
  const powers = sure.map((factor) => rootOfFactor(factor, exponent))
  if (uncertain.length === 0 && coefficient.re > 0) return multiply(outside, ...powers)
  const body = [term(complex.real(Math.sign(coefficient.re)), 1, uncertain, zero)]
  const [only] = uncertain
  const alone = uncertain.length === 1 && only !== undefined && coefficient.re > 0
  const rest = alone ? atomic(only.atom, only.power * exponent) : atomic(groupAtom(body), exponent)
  return multiply(outside, ...powers, rest)
}

/** (aⁿ)ʳ = aⁿʳ for a ≥ 0, and |a|ⁿʳ for even n. */
function rootOfFactor({ atom, power: from }: Factor, exponent: number): Value {
  return isNonnegative({ atom, power: 1 }) ? atomPower(atom, from * exponent) : sizeOf(atom, from * exponent)
}

const sizeOf = (atom: Atom, exponent: number): Value =>
  atomPower(functionAtom('abs', [atomic(atom)]), exponent)

const atomPower = (atom: Atom, exponent: number): Value =>
  Number.isInteger(exponent) && exponent > 0 ? wholePower(atomic(atom), exponent) : atomic(atom, exponent)

/**
 * A group, with the size of its leading coefficient taken out so that multiples share it, and in the reduced
 * basis the mean of its exponents too: 1/(1 + exp v) is exp(−v/2)/(exp(v/2) + exp(−v/2)).
 */
function powerOfSum(base: Value, exponent: number, basis: Basis): Value {
  const whole = Number.isInteger(exponent)
  if (!whole && !isReal(base)) throw new OutOfReach(`a power ${exponent} of something complex`)
  const middle = basis === 'written' ? zero : middleOf(base)
  const { size, unit } = normalised(multiply(base, exponential(scale(middle, -1))))
  const sign = whole ? leadingSign(unit) : 1
  const group = atomic(groupAtom(scale(unit, sign)), exponent)
  return scale(multiply(group, exponential(scale(middle, exponent))), size ** exponent * sign ** exponent)
}

/** value = size·unit, with a leading coefficient of size 1 in the unit. */
function normalised(value: Value): { readonly size: number; readonly unit: Value } {
  const size = complex.size(leading(value)?.coefficient ?? complex.real(1))
  return { size, unit: scale(value, 1 / size) }
}

const leading = (value: Value): Term | undefined => [...value].sort((a, b) => compareKeys(a.key, b.key))[0]

function leadingSign(value: Value): number {
  const { re, im } = leading(value)?.coefficient ?? complex.real(1)
  return re < 0 || (re === 0 && im < 0) ? -1 : 1
}

/** Of real rows. */
export function isNonnegative({ atom, power }: Factor): boolean {
  if (power % 2 === 0) return true
  switch (atom.kind) {
    case 'scalar':
      return true
    case 'entry':
      return false
    case 'sum':
      return isReal([atom.body]) && atom.body.factors.every(isNonnegative)
    case 'maximum':
      return isNonnegativeSum(atom.body)
    case 'function':
      return isNonnegativeFunction(atom)
    case 'group':
      return !Number.isInteger(power) || isNonnegativeSum(atom.body)
  }
}

/** Whatever its arguments are. */
function isNonnegativeFunction({ name, args }: FunctionAtom): boolean {
  const range = scalarOperator(name)?.range(...args.map(() => everything))
  return range !== undefined && isNonnegativeRange(range)
}

/** Known not to be negative, term by term. */
export const isNonnegativeSum = (value: Value): boolean =>
  value.every(
    (part) =>
      part.coefficient.im === 0 &&
      part.coefficient.re >= 0 &&
      isReal(part.exponent) &&
      part.factors.every(isNonnegative),
  )

const imaginary = (value: number): complex.Complex => ({ re: 0, im: value })
const phase = (value: Value, sign: 1 | -1): Value => exponential(scale(value, imaginary(sign)))

/** How functions are written: as the file has them, or reduced to the fewest, in which more identities show. */
export type Basis = 'written' | 'reduced'

/** An operator of the language on scalars. */
export function applied(name: string, args: readonly Value[], basis: Basis): Value {
  const [v = zero, u = zero] = args
  switch (name) {
    case 'add':
      return add(v, u)
    case 'subtract':
      return subtract(v, u)
    case 'multiply':
      return multiply(v, u)
    case 'divide':
      return multiply(v, power(u, -1, basis))
    case 'negate':
      return scale(v, -1)
    case 'power':
      return powerOf(v, u, basis)
    case 'sqrt':
      return power(v, 0.5, basis)
    case 'exp':
      return exponential(v)
    case 'cos':
      return scale(add(phase(v, 1), phase(v, -1)), 0.5)
    case 'sin':
      return scale(subtract(phase(v, 1), phase(v, -1)), imaginary(-0.5))
    case 'log':
      return logarithm(v, basis)
    case 'abs':
      return absolute(v)
  }
  const { identity, growth } = recordOf(name)
  // Exponentials have one form in the ring, whatever they are written with.
  const byIdentity = basis === 'reduced' || growth.kind === 'exponential'
  return identity !== undefined && byIdentity ? valueAt(identity, args, basis) : opaque(name, args)
}

/** An identity of a record at these arguments. */
function valueAt(
  identity: (...args: Expression[]) => Expression,
  args: readonly Value[],
  basis: Basis,
): Value {
  const names = args.map((_, place) => `argument ${place}`)
  const visit = (expression: Expression): Value => {
    if (expression.kind === 'constant') return constant(expression.value)
    if (expression.kind === 'variable') return args[names.indexOf(expression.name)] ?? zero
    invariant(expression.kind === 'apply', 'identities have operators, constants and arguments')
    return applied(expression.operator, expression.args.map(visit), basis)
  }
  return visit(identity(...names.map((name) => variable(name))))
}

function powerOf(base: Value, exponent: Value, basis: Basis): Value {
  const to = asConstant(exponent)
  if (to !== undefined && to.im === 0) return power(base, to.re, basis)
  const from = asConstant(base)
  if (from === undefined || from.im !== 0 || from.re <= 0)
    throw new OutOfReach('a power that is not constant')
  return exponential(scale(exponent, Math.log(from.re)))
}

function absolute(value: Value): Value {
  const [only] = value
  if (only === undefined) return zero
  if (!isReal(value)) throw new OutOfReach('the size of something complex')
  if (value.length > 1) return isNonnegativeSum(value) ? value : opaque('abs', [value])
  if (only.coefficient.im !== 0) return opaque('abs', [value])
  const size = Math.abs(only.coefficient.re)
  const parts = only.factors.map((factor) =>
    isNonnegative(factor) ? atomic(factor.atom, factor.power) : sizeOf(factor.atom, factor.power),
  )
  return multiply([term(complex.real(size), only.weight, [], only.exponent)], ...parts)
}

function logarithm(value: Value, basis: Basis): Value {
  const [only] = value
  const constantly = asConstant(value)
  if (constantly !== undefined && constantly.im === 0 && constantly.re > 0)
    return constant(Math.log(constantly.re))
  if (value.length > 1 && basis === 'reduced') return logarithmOfSum(value)
  if (only === undefined || value.length > 1 || only.coefficient.im !== 0 || !isReal(only.exponent))
    return opaque('log', [value])
  const { coefficient, factors, exponent } = only
  if (coefficient.re < 0) return opaque('log', [value])
  const rest = factors.length === 0 ? zero : opaque('log', [[term(complex.real(1), 1, factors, zero)]])
  return add(constant(Math.log(coefficient.re)), exponent, rest)
}

/** log Σ exp E = Ē + log Σ exp(E − Ē), with Ē the mean of the exponents. */
function logarithmOfSum(value: Value): Value {
  const middle = middleOf(value)
  return isReal(middle)
    ? add(middle, opaque('log', [multiply(value, exponential(scale(middle, -1)))]))
    : opaque('log', [value])
}

const middleOf = (value: Value): Value => scale(add(...value.map((part) => part.exponent)), 1 / value.length)

function recordOf(name: string): ScalarOperator {
  const record = scalarOperator(name)
  if (record === undefined) throw new InvariantError(`${name} is an operator on numbers`)
  return record
}

function opaque(name: string, args: readonly Value[]): Value {
  const numbers = args.map(asConstant)
  const { value: valueOf, parity, growth } = recordOf(name)
  if (numbers.every((number) => number?.im === 0))
    return constant(valueOf(...numbers.map((number) => number?.re ?? Number.NaN)))
  const [value = zero] = args
  if (growth.kind === 'homogeneous') {
    const { size, unit } = normalised(value)
    const sign = parity === undefined ? 1 : leadingSign(unit)
    const factor = size ** growth.degree() * (parity === 'odd' ? sign : 1)
    return scale(atomic(functionAtom(name, [scale(unit, sign)])), factor)
  }
  if (parity === undefined || leadingSign(value) > 0) return atomic(functionAtom(name, args))
  return scale(atomic(functionAtom(name, [scale(value, -1)])), parity === 'odd' ? -1 : 1)
}
