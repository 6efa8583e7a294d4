/**
 * The exponents of sums, products and maxima, from those of their parts cᵢ·exp(Eᵢ):
 *
 *     Π cᵢᵖ·exp(p·Eᵢ)  = (Π cᵢᵖ) · exp(Σ p·Eᵢ)
 *     Σ cᵢ·exp(Eᵢ)     = (Σ cᵢ·exp(Eᵢ − E)) · exp(E),          E = max Eᵢ
 *     max cᵢ·exp(Eᵢ)   = (max cᵢ·exp(Eᵢ − E)) · exp(E)
 *
 * and the same over an index. The exponents that are left in a coefficient are
 * never positive.
 */
import { add, apply, applyNamed, constant, exp, multiply, reduce, subtract } from '../symbolic/build.ts'
import type { Expression, Reduce } from '../symbolic/expression.ts'
import { nameIndices } from '../symbolic/indices.ts'
import { factorsOf, fromFactors } from '../symbolic/rewrites/products.ts'
import { termsOf } from '../symbolic/rewrites/sums.ts'
import { simplify } from '../symbolic/simplify.ts'
import { equals, mentions } from '../symbolic/traverse.ts'
import { scaled } from './split.ts'
import type { Split, Splitter } from './split.ts'

/** Exponents of factors add up. */
export function splitProduct(product: Expression, split: Splitter): Split {
  const { coefficient, factors } = factorsOf(product)
  const parts = factors.map(({ base, power }) => ({ ...split(base), power }))
  if (parts.every(({ exponent }) => exponent === undefined)) return { coefficient: product }
  const exponents = parts.map(({ exponent, power }) => multiply(constant(power), exponent ?? constant(0)))
  const bases = parts.map(({ coefficient, power }) => ({ base: coefficient, power }))
  return scaled(fromFactors({ coefficient, factors: bases }), add(...exponents))
}

/** Terms are divided by exp of their largest exponent. */
export function splitSum(sum: Expression, split: Splitter): Split {
  const parts = sharingTails(termsOf(sum).map(split))
  if (parts.every(({ exponent }) => exponent === undefined)) return { coefficient: sum }
  const whole = addSplits(parts)
  // Where a part does not vanish the sum does not either, and is best left as it was.
  return whole.exponent === undefined ? { coefficient: sum } : whole
}

/** relu a = relu a · exp(min(a, 0)): beside a part with that exponent it has the same one, and elu a + 1 vanishes. */
function sharingTails(parts: readonly Split[]): readonly Split[] {
  return parts.map((part) => {
    if (part.exponent !== undefined) return part
    const rectified = factorsOf(part.coefficient).factors.flatMap(({ base, power }) =>
      base.kind === 'apply' && base.operator === 'relu' && power > 0 ? base.args : [],
    )
    const tails = rectified.map((argument) => simplify(apply('min', argument, constant(0))))
    const exponent = parts
      .map((other) => other.exponent)
      .find((other) => other !== undefined && tails.some((tail) => equals(tail, other)))
    return exponent === undefined ? part : { ...part, exponent }
  })
}

/** The sum of parts that are split already. */
export function addSplits(parts: readonly Split[]): Split {
  const { shares, exponent } = overLargest(parts)
  return scaled(add(...shares), exponent)
}

/** Of an operator that returns one of its arguments. */
export function splitChoice(operator: string, args: readonly Expression[], split: Splitter): Split {
  const parts = args.map(split)
  if (parts.every(({ exponent }) => exponent === undefined))
    return { coefficient: applyNamed(operator, args) }
  const { shares, exponent } = overLargest(parts)
  return scaled(applyNamed(operator, shares), exponent)
}

/** A sum or a maximum over an index. */
export function splitReduce(whole: Reduce, split: Splitter): Split {
  const { operator, index, size, body } = whole
  const part = split(body)
  if (part.exponent === undefined) return { coefficient: whole }
  const over = (operator: Reduce['operator'], body: Expression): Expression =>
    nameIndices(reduce(operator, index, size, body))
  if (!mentions(part.exponent, index)) return scaled(over(operator, part.coefficient), part.exponent)
  const exponent = simplify(over('maximum', part.exponent))
  const share = multiply(part.coefficient, exp(subtract(part.exponent, exponent)))
  return scaled(over(operator, share), exponent)
}

interface Shares {
  /** Each part divided by exp of the largest exponent. */
  readonly shares: readonly Expression[]
  readonly exponent: Expression
}

function overLargest(parts: readonly Split[]): Shares {
  const exponents: Expression[] = []
  for (const { exponent = constant(0) } of parts)
    if (!exponents.some((known) => equals(known, exponent))) exponents.push(exponent)
  const largest = simplify(exponents.reduce((a, b) => apply('max', a, b)))
  const shares = parts.map(({ coefficient, exponent = constant(0) }) =>
    multiply(coefficient, exp(difference(exponent, exponents, largest))),
  )
  return { shares, exponent: largest }
}

/** Eᵢ − max E; between two exponents it is min(Eᵢ − Eⱼ, 0), which cancels nothing. */
function difference(exponent: Expression, exponents: readonly Expression[], largest: Expression): Expression {
  const [other, ...more] = exponents.filter((candidate) => !equals(candidate, exponent))
  if (other === undefined) return constant(0)
  if (more.length > 0) return subtract(exponent, largest)
  return apply('min', subtract(exponent, other), constant(0))
}
