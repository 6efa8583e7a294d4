/**
 * The exponent of one operator's value, by the growth that its record states:
 *
 *     bounded                   the value itself
 *     homogeneous, degree d     f(c·exp E) = f(c)·exp(d·E)
 *     power                     the sum of the record's terms, where the argument has an exponent
 *     with a tail               the record's, where the argument has none and may be far below 0
 *     exponential               the record's split, unless the exponent cannot leave the range of f32
 *
 * Sums, products and choices of one argument are split by `exponent-of-sums.ts`.
 */
import { InvariantError } from '../diagnostics/invariant.ts'
import { applyNamed, constant, multiply } from '../symbolic/build.ts'
import type { Apply, Expression } from '../symbolic/expression.ts'
import { scalarOperator } from '../symbolic/operators.ts'
import type { Growth, Tail } from '../symbolic/operators/growth.ts'
import { isProduct } from '../symbolic/rewrites/products.ts'
import { simplify } from '../symbolic/simplify.ts'
import { addSplits, splitChoice, splitProduct, splitSum } from './exponent-of-sums.ts'
import { scaled, staysInside } from './split.ts'
import type { Split, Splitter } from './split.ts'

/** Splits one application of an operator; `split` splits its arguments. */
export function splitOperator(whole: Apply, split: Splitter): Split {
  const { operator, args } = whole
  const growth = scalarOperator(operator)?.growth
  const [v, ...others] = args
  if (growth === undefined || v === undefined)
    throw new InvariantError(`${operator} is an operator on numbers, and has arguments`)
  switch (growth.kind) {
    case 'bounded':
      return growth.tail === undefined ? { coefficient: whole } : splitTail(whole, v, growth.tail, split(v))
    case 'sum':
      return splitSum(whole, split)
    case 'product':
      return splitProduct(whole, split)
    case 'choice':
      return splitChoice(operator, args, split)
    case 'homogeneous':
      return isProduct(whole)
        ? splitProduct(whole, split)
        : splitHomogeneous(whole, split(v), others, growth.degree(...others))
    case 'power':
      return splitPower(whole, v, growth, split)
    case 'exponential': {
      const { coefficient, exponent } = growth.split(v)
      const simplified = simplify(exponent)
      return staysInside(simplified) ? { coefficient: whole } : scaled(coefficient, simplified)
    }
    case 'mask only':
      throw new InvariantError(`${operator} stands in masks, which are not split`)
  }
}

function splitHomogeneous(
  whole: Apply,
  { coefficient, exponent }: Split,
  others: readonly Expression[],
  degree: number,
): Split {
  if (exponent === undefined) return { coefficient: whole }
  const value = applyNamed(whole.operator, [coefficient, ...others])
  return scaled(value, multiply(constant(degree), exponent))
}

function splitPower(
  whole: Expression,
  v: Expression,
  { terms, tail }: Extract<Growth, { kind: 'power' }>,
  split: Splitter,
): Split {
  const { coefficient, exponent } = split(v)
  if (exponent === undefined)
    return tail === undefined ? { coefficient: whole } : splitTail(whole, v, tail, { coefficient })
  return addSplits(
    terms({ whole: v, coefficient, exponent }).map((term) =>
      'unsplit' in term ? split(term.unsplit) : term,
    ),
  )
}

/** Of a function that vanishes exponentially below 0, of an argument that does not itself grow as one. */
function splitTail(whole: Expression, v: Expression, tail: Tail, { exponent }: Split): Split {
  if (exponent !== undefined) return { coefficient: whole }
  const form = tail(v)
  const simplified = simplify(form.exponent)
  return staysInside(simplified) ? { coefficient: whole } : scaled(form.coefficient, simplified)
}
