/**
 * Derivatives of an expression in component form by the entries of one of its rows.
 *
 * Sums and maxima over entries are taken as intermediate numbers, so that the chain rule comes out in the form in
 * which it is cheap. Of f = F(R₁, …, Rₙ), with Rᵢ over all entries,
 *
 *     ∂f/∂x[entry] = Σᵢ ∂F/∂Rᵢ · ∂Rᵢ/∂x[entry]
 *
 * the *weight* ∂F/∂Rᵢ is one number for all entries, and the *slope* ∂Rᵢ/∂x[entry] sees entries of the rows alone,
 * if no sum is in a sum. What sees x at one index without a sum, as `elu(x[component])` does, has a derivative at
 * that place alone.
 *
 * At a kink the derivative is one of the two sides, and where several entries are the largest it counts each.
 */
import { invariant } from '../diagnostics/invariant.ts'
import { add, apply, constant, element, multiply, reduce, subtract, variable } from './build.ts'
import type { Apply, Expression, Reduce } from './expression.ts'
import { scalarOperator } from './operators.ts'
import { simplify } from './simplify.ts'
import { children, equals, mapNodes, mentions, sharedNodesOf, substitute } from './traverse.ts'

/** The name of the index of the entry, in slopes. */
export const entryName = 'entry'

const entry = variable(entryName)

/** One summand of a derivative by all entries of a row. */
export type Contribution =
  /** weight · slope, at each entry; the weight does not see `entry`. */
  | { readonly kind: 'slope'; readonly weight: Expression; readonly slope: Expression }
  /** weight, at the entry `at` alone. */
  | { readonly kind: 'place'; readonly weight: Expression; readonly at: Expression }

/** ∂expression/∂vector[entry] as a sum; no summand is 0. */
export function differentiate(expression: Expression, vector: string): readonly Contribution[] {
  return merged(contributions(simplify(expression), vector))
}

/**
 * The same of coefficient · exp(exponent), over the exponential: ∂coefficient + coefficient · ∂exponent. Without a
 * coefficient, that is 1; without an exponent, the derivative of the coefficient alone.
 */
export function differentiateApart(
  coefficient: Expression | undefined,
  exponent: Expression | undefined,
  vector: string,
): readonly Contribution[] {
  const ofExponent = exponent === undefined ? [] : differentiate(exponent, vector)
  if (coefficient === undefined) return ofExponent
  const times = (one: Contribution): Contribution => ({
    ...one,
    weight: simplify(multiply(coefficient, one.weight)),
  })
  return merged([...differentiate(coefficient, vector), ...ofExponent.map(times)])
}

/** How many nodes derivatives have together: a part that is shared counts once. */
export const lengthOf = (derivatives: readonly Contribution[]): number =>
  sharedNodesOf(...derivatives.flatMap((one) => [one.weight, one.kind === 'slope' ? one.slope : one.at]))

function contributions(expression: Expression, vector: string): readonly Contribution[] {
  const leaves = leavesOf(expression, vector)
  const outside = withLeaves(expression, leaves)
  return leaves.flatMap((leaf, place) => {
    const weight = simplify(withoutLeaves(partialBy(outside, nameOfLeaf(place)), leaves))
    if (isZero(weight)) return []
    if (leaf.kind === 'element') return [{ kind: 'place' as const, weight, at: leaf.index }]
    return ofReduce(leaf, vector).map((one) => ({
      ...one,
      weight: simplify(multiply(weight, one.weight)),
    }))
  })
}

type Leaf = Reduce | (Expression & { readonly kind: 'element' })

/** The sums and maxima that see the row and are in no other, and the entries outside of these; each once. */
function leavesOf(expression: Expression, vector: string): readonly Leaf[] {
  const found: Leaf[] = []
  const seen = new Set<Expression>()
  const visit = (node: Expression): void => {
    if (seen.has(node) || !mentions(node, vector)) return
    seen.add(node)
    if (node.kind === 'reduce' || node.kind === 'element') {
      if (!found.some((one) => equals(one, node))) found.push(node)
    } else children(node).forEach(visit)
  }
  visit(expression)
  return found
}

const nameOfLeaf = (place: number): string => `#${place}`

/** A number of any sign in the place of each leaf. A leaf inside another one stays. */
function withLeaves(expression: Expression, leaves: readonly Leaf[]): Expression {
  return mapNodes(expression, (node) => {
    if (node.kind !== 'reduce' && node.kind !== 'element') return undefined
    const place = leaves.findIndex((leaf) => equals(leaf, node))
    return place === -1 ? undefined : element(nameOfLeaf(place), constant(0))
  })
}

function withoutLeaves(expression: Expression, leaves: readonly Leaf[]): Expression {
  return mapNodes(expression, (node) =>
    node.kind === 'element' ? leaves.find((_, place) => nameOfLeaf(place) === node.vector) : undefined,
  )
}

/** ∂expression/∂leaf. The derivative of a part that is shared is shared. */
function partialBy(expression: Expression, leaf: string): Expression {
  const known = new Map<Expression, Expression>()
  const partial = (node: Expression): Expression => {
    const before = known.get(node)
    if (before !== undefined) return before
    const after = find(node)
    known.set(node, after)
    return after
  }
  const find = (node: Expression): Expression => {
    if (!mentions(node, leaf)) return constant(0)
    if (node.kind === 'element') return constant(1)
    invariant(node.kind === 'apply', 'what a derivative is by is outside of sums')
    return add(
      ...node.args.flatMap((arg, place) =>
        mentions(arg, leaf) ? [multiply(partialOf(node, place), partial(arg))] : [],
      ),
    )
  }
  return partial(expression)
}

/** The derivative of an operator by one of its arguments. */
function partialOf({ operator, args }: Apply, place: number): Expression {
  const record = scalarOperator(operator)
  invariant(record !== undefined, `${operator} takes numbers`)
  return record.derivative?.(...args)[place] ?? constant(0)
}

/**
 * Σ_s of the derivative of the body, of a maximum over those s at which the body is the largest. A place that runs
 * through the entries is a slope.
 */
function ofReduce(whole: Reduce, vector: string): readonly Contribution[] {
  const { operator, index, size, body } = whole
  const counts = operator === 'sum' ? constant(1) : isLargest(whole)
  const summed = (of: Expression): Expression => simplify(reduce('sum', index, size, of))
  return contributions(body, vector).map((one): Contribution => {
    const weight = multiply(counts, one.weight)
    if (one.kind === 'slope')
      return mentions(one.slope, index)
        ? { kind: 'slope', weight: constant(1), slope: summed(multiply(weight, one.slope)) }
        : { ...one, weight: summed(weight) }
    if (!mentions(one.at, index)) return { ...one, weight: summed(weight) }
    return { kind: 'slope', weight: constant(1), slope: throughEntries({ weight, at: one.at }, index, size) }
  })
}

/** 1 where the body of a maximum is the maximum, else 0. */
const isLargest = (maximum: Reduce): Expression =>
  subtract(constant(1), apply('step', subtract(maximum, maximum.body)))

/** Σ over the indexes whose place is `entry`: the one itself, or those of a row or column of an outer product. */
function throughEntries(
  { weight, at }: { readonly weight: Expression; readonly at: Expression },
  index: string,
  size: number,
): Expression {
  const here = (replacement: Expression): Expression => substitute(weight, index, replacement)
  if (at.kind === 'variable') return simplify(here(entry))
  const { divisor, part } = partOfPair(at)
  const over = `${index}'`
  const other = variable(over)
  return simplify(
    part === 'quotient'
      ? reduce('sum', over, divisor, here(add(multiply(entry, constant(divisor)), other)))
      : reduce('sum', over, size / divisor, here(add(multiply(other, constant(divisor)), entry))),
  )
}

/** Of an index ⌊n / divisor⌋ or n mod divisor, as those of an outer product are: which, and the divisor. */
export function partOfPair(at: Expression): {
  readonly divisor: number
  readonly part: 'quotient' | 'remainder'
} {
  invariant(at.kind === 'apply', 'an entry is at an index, or at a part of one')
  if (at.operator === 'modulo') return { divisor: numberOf(at.args[1]), part: 'remainder' }
  const [quotient] = at.args
  invariant(at.operator === 'floor' && quotient?.kind === 'apply', 'a part of an index is rounded down')
  const [a, b] = quotient.args
  if (quotient.operator === 'divide') return { divisor: numberOf(b), part: 'quotient' }
  return { divisor: Math.round(1 / numberOf(a?.kind === 'constant' ? a : b)), part: 'quotient' }
}

function numberOf(expression: Expression | undefined): number {
  invariant(expression?.kind === 'constant', 'a part of an index has a constant divisor')
  return expression.value
}

/** Summands of one slope, or of one place, added up. */
function merged(all: readonly Contribution[]): readonly Contribution[] {
  const found: Contribution[] = []
  for (const one of all) {
    const same = found.findIndex((other) => isAlike(one, other))
    const before = found[same]
    if (before === undefined) found.push(one)
    else found[same] = { ...before, weight: simplify(add(before.weight, one.weight)) }
  }
  return found.filter(({ weight, ...rest }) => !isZero(weight) && !('slope' in rest && isZero(rest.slope)))
}

function isAlike(one: Contribution, other: Contribution): boolean {
  if (one.kind === 'slope') return other.kind === 'slope' && equals(one.slope, other.slope)
  return other.kind === 'place' && equals(one.at, other.at)
}

const isZero = (expression: Expression): boolean => expression.kind === 'constant' && expression.value === 0
