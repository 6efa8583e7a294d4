/** Features that see the projections only through products with rows, as they see projected rows. */
import { add, constant, element, multiply, reduce, variable } from '../symbolic/build.ts'
import type { Expression, Reduce } from '../symbolic/expression.ts'
import { factorsOf, fromFactors } from '../symbolic/rewrites/products.ts'
import { isSum, termsOf } from '../symbolic/rewrites/sums.ts'
import { simplify } from '../symbolic/simplify.ts'
import { mapChildren, mentions } from '../symbolic/traverse.ts'
import type { ScheduledBlock, Term } from './schedule.ts'

/** The block with loads from `projected` instead of products w·x; undefined where it uses `w` in another way. */
export function readProjected(block: ScheduledBlock): ScheduledBlock | undefined {
  const { term } = block
  const read: Term =
    term.kind === 'plain'
      ? { kind: 'plain', value: throughProjected(term.value) }
      : {
          kind: 'scaled',
          exponent: throughProjected(term.exponent),
          ...(term.coefficient === undefined ? {} : { coefficient: throughProjected(term.coefficient) }),
        }
  const expressions =
    read.kind === 'plain' ? [read.value] : [read.exponent, ...(read.coefficient ? [read.coefficient] : [])]
  if (expressions.some((expression) => mentions(expression, 'w'))) return undefined
  return { ...block, projected: false, term: read }
}

/** Every Σ w[t]·x[t] as this component's entry of the projected row; other terms keep their `w`. */
function throughProjected(expression: Expression): Expression {
  if (!mentions(expression, 'w')) return expression
  const visit = (node: Expression): Expression =>
    node.kind === 'reduce' && node.operator === 'sum' && mentions(node.body, 'w')
      ? products(node)
      : mapChildren(node, visit)
  return simplify(visit(expression))
}

/** Of a sum over t, the terms that are c·w[t]·x[t] with c the same for all t. */
function products(sum: Reduce): Expression {
  const terms = termsOf(sum.body).map((term) => {
    if (!mentions(term, 'w')) return reduce('sum', sum.index, sum.size, term)
    const factor = factorOf(term, sum.index, ['w', 'x'])
    return factor && multiply(factor, element('projected', variable('component')))
  })
  const known = terms.filter((term) => term !== undefined)
  return known.length === terms.length ? add(...known) : sum
}

/** The c of c·Π v[t] over the vectors, if an expression is that. */
function factorOf(node: Expression, index: string, vectors: readonly string[]): Expression | undefined {
  if (isSum(node)) {
    const terms = termsOf(node).map((term) => factorOf(term, index, vectors))
    const known = terms.filter((term) => term !== undefined)
    return known.length === terms.length ? add(...known) : undefined
  }
  const { coefficient, factors } = factorsOf(node)
  const varying = factors.filter(({ base }) => mentions(base, index))
  let rest = fromFactors({ coefficient, factors: factors.filter((factor) => !varying.includes(factor)) })
  let missing = vectors
  for (const { base, power } of varying) {
    const own = missing.filter((vector) => mentions(base, vector))
    const inner =
      base.kind === 'element' && base.index.kind === 'variable' && own.length === 1
        ? constant(1)
        : isSum(base) && own.length > 0
          ? factorOf(base, index, own)
          : undefined
    if (power !== 1 || inner === undefined) return undefined
    rest = multiply(rest, inner)
    missing = missing.filter((vector) => !own.includes(vector))
  }
  return missing.length === 0 ? rest : undefined
}
