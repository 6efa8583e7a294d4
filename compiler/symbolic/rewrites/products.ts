/**
 * Products in their normal form
 *
 *     coefficient · Π baseᵖ · exp(Σ exponents)
 *
 * with bases in order, powers of one base added, and all exponentials joined,
 * so that none of them overflows where their product does not.
 */
import { apply, applyNamed, constant, exp } from '../build.ts'
import type { Apply, Expression } from '../expression.ts'
import { compare } from '../traverse.ts'
import { coefficient, one, timesRatio, valueOf } from './coefficient.ts'
import type { Coefficient } from './coefficient.ts'

/** One factor, base^power. */
export interface Factor {
  readonly base: Expression
  readonly power: number
}

/** A product of factors and a constant. */
export interface Product {
  readonly coefficient: Coefficient
  readonly factors: readonly Factor[]
}

type Map = (expression: Expression) => Expression

/** Whether the node is a product, a quotient, a negation or a whole power. */
export function isProduct(expression: Expression): boolean {
  if (expression.kind !== 'apply') return false
  return (
    ['multiply', 'divide', 'negate'].includes(expression.operator) || wholePower(expression) !== undefined
  )
}

/** The exponent of a power that is a product of so many factors, or of their inverses. */
function wholePower({ operator, args }: Apply): number | undefined {
  const exponent = args[1]
  if (operator !== 'power' || exponent?.kind !== 'constant') return undefined
  return Number.isInteger(exponent.value) && exponent.value !== 0 ? exponent.value : undefined
}

/** The factors of an expression, uncollected. `leaf` maps parts that are no products; it may return products. */
export function factorsOf(expression: Expression, leaf: Map = (same) => same): Product {
  const factors: Factor[] = []
  let ratio: Coefficient = one
  const visit = (node: Expression, power: number, leaf: Map | undefined): void => {
    if (node.kind === 'constant' && (node.value !== 0 || power > 0)) {
      const scaled = node.value ** Math.abs(power)
      ratio = power > 0 ? timesRatio(ratio, scaled, 1) : timesRatio(ratio, 1, scaled)
      return
    }
    if (node.kind === 'apply') {
      const [a, b] = node.args as readonly [Expression, Expression | undefined]
      const exponent = wholePower(node)
      if (exponent !== undefined) return visit(a, power * exponent, leaf)
      // (a·b)ᵖ = aᵖ·bᵖ for whole p only: the signs of a and b are not known.
      if (Number.isInteger(power)) {
        if (node.operator === 'negate') {
          if (power % 2 !== 0) ratio = timesRatio(ratio, -1, 1)
          return visit(a, power, leaf)
        }
        if (b !== undefined && (node.operator === 'multiply' || node.operator === 'divide')) {
          visit(a, power, leaf)
          return visit(b, node.operator === 'multiply' ? power : -power, leaf)
        }
      }
    }
    if (leaf !== undefined) return visit(leaf(node), power, undefined)
    const split = splitPower(node)
    factors.push({ base: split.base, power: split.power * power })
  }
  visit(expression, 1, leaf)
  return { coefficient: ratio, factors }
}

/** √a is a^½ here, and a power that stayed a power gives its exponent. */
function splitPower(node: Expression): Factor {
  if (node.kind === 'apply' && node.operator === 'power') {
    const [base, exponent] = node.args
    if (base !== undefined && exponent?.kind === 'constant') return { base, power: exponent.value }
  }
  return { base: node, power: 1 }
}

/** A product in normal form; `leaf` simplifies its factors. */
export function collectProduct(expression: Expression, leaf: Map = (same) => same): Expression {
  const product = factorsOf(expression, leaf)
  if (product.coefficient.over === 0) return constant(0)
  return fromFactors(joinExponentials(product, leaf))
}

/** exp(a)ᵖ·exp(b)ᑫ = exp(p·a + q·b), simplified by `leaf`. */
function joinExponentials({ coefficient, factors }: Product, leaf: Map): Product {
  const exponentials = factors.filter(({ base }) => exponentOf(base) !== undefined)
  if (exponentials.length === 0 || (exponentials.length === 1 && exponentials[0]?.power === 1))
    return { coefficient, factors }
  const terms = exponentials.map(({ base, power }) =>
    apply('multiply', constant(power), exponentOf(base) ?? constant(0)),
  )
  const exponent = terms.reduce<Expression>((sum, term) => apply('add', sum, term), constant(0))
  const joined = factorsOf(leaf(exp(leaf(exponent))))
  return {
    coefficient: timesRatio(coefficient, joined.coefficient.over, joined.coefficient.under),
    factors: [...factors.filter(({ base }) => exponentOf(base) === undefined), ...joined.factors],
  }
}

function exponentOf(base: Expression): Expression | undefined {
  return base.kind === 'apply' && base.operator === 'exp' ? base.args[0] : undefined
}

/** A product as an expression: the coefficient first, an exponential last, all divisors in one denominator. */
export function fromFactors({ coefficient: ratio, factors }: Product): Expression {
  const collected = settle(collectPowers(factors))
  const over = collected.filter(({ power }) => power > 0).map(raised)
  const under = collected
    .filter(({ power }) => power < 0)
    .map(({ base, power }) => raised({ base, power: -power }))
  const { over: number, under: divisor } =
    over.length + under.length === 0 ? coefficient(valueOf(ratio)) : ratio
  const negative = number === -1 && over.length > 0
  if (over.length === 0 || (number !== 1 && !negative)) over.unshift(constant(number))
  if (divisor !== 1) under.unshift(constant(divisor))
  const numerator = times(over)
  const quotient = under.length === 0 ? numerator : apply('divide', numerator, times(under))
  return negative ? apply('negate', quotient) : quotient
}

function collectPowers(factors: readonly Factor[]): readonly Factor[] {
  const sorted = [...factors].sort(
    (a, b) =>
      Number(exponentOf(a.base) !== undefined) - Number(exponentOf(b.base) !== undefined) ||
      compare(a.base, b.base),
  )
  const collected: Factor[] = []
  for (const factor of sorted) {
    const last = collected.at(-1)
    if (last !== undefined && compare(last.base, factor.base) === 0)
      collected[collected.length - 1] = { base: factor.base, power: last.power + factor.power }
    else collected.push(factor)
  }
  return collected.filter(({ power }) => power !== 0)
}

/** (√a)²ⁿ = aⁿ and |a|²ⁿ = a²ⁿ, where collecting has made such powers. */
function settle(factors: readonly Factor[]): readonly Factor[] {
  const settled = factors.flatMap((factor) => evenPower(factor) ?? [factor])
  return settled.length === factors.length && settled.every((factor, n) => factor === factors[n])
    ? factors
    : settle(collectPowers(settled))
}

function evenPower({ base, power }: Factor): readonly Factor[] | undefined {
  if (base.kind !== 'apply' || power % 2 !== 0) return undefined
  const [a] = base.args
  if (a === undefined) return undefined
  if (base.operator === 'abs') return [{ base: a, power }]
  return base.operator === 'sqrt' ? [{ base: a, power: power / 2 }] : undefined
}

const raised = ({ base, power }: Factor): Expression =>
  power === 1 ? base : applyNamed('power', [base, constant(power)])

function times(factors: readonly Expression[]): Expression {
  const [first, ...rest] = factors
  return rest.reduce<Expression>((left, right) => apply('multiply', left, right), first ?? constant(1))
}
