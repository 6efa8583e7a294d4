/**
 * The derivative of κ(q, k) by the entries of one of its rows, as sums that attention can take: for each weight of a
 * pair, some functions of the entries of the partner, and factors of the row itself.
 */
import type { ScaledTerm } from '../../algebra/attention.ts'
import { differentiate, differentiateApart, entryName, lengthOf } from '../../symbolic/differentiate.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { separate } from '../../symbolic/separate.ts'
import { equals, mentions } from '../../symbolic/traverse.ts'

/** Σ over pairs of weight · partner, times own: ∂κ/∂own[entry] is the sum of these. */
export interface PairSlope {
  /** Of the pair, over the exponential of κ if that has an exponent apart. */
  readonly weight: Expression
  /** Of entries of the partner; the number 1 is a column of its own. */
  readonly partner: Expression
  /** Of entries of the row. */
  readonly own: Expression
}

/**
 * The derivative by the row `own`; undefined where it is no sum of products of functions of one row each.
 *
 * @param apart whether κ is coefficient · exp(exponent) with the exponential apart
 */
export function pairSlopes(
  { value, coefficient, exponent }: ScaledTerm,
  apart: boolean,
  own: 'q' | 'k',
): readonly PairSlope[] | undefined {
  const all = apart ? differentiateApart(coefficient, exponent, own) : differentiate(value, own)
  const slopes: PairSlope[] = []
  for (const one of all) {
    if (one.kind === 'place') return undefined
    const products = separate(one.slope, own, own === 'q' ? 'k' : 'q')
    if (products === undefined) return undefined
    for (const { left, right } of products) slopes.push({ weight: one.weight, partner: right, own: left })
  }
  return slopes
}

/** Whether a term's derivatives by both rows are such sums; those of a feature, which sees one row, always are. */
export const isDerivable = (term: ScaledTerm): boolean =>
  (['q', 'k'] as const).every(
    (own) => !mentions(term.value, own) || pairSlopes(term, true, own) !== undefined,
  )

/** How many nodes the derivatives of a term have, as of κ by its rows or of a component by its own, all parts counted once. */
export const lengthOfSlopes = ({ coefficient, exponent }: ScaledTerm): number =>
  lengthOf(['q', 'k', 'x'].flatMap((own) => differentiateApart(coefficient, exponent, own)))

/** Slopes of one weight, which one attention takes: its values are their functions of the partner, side by side. */
export interface SlopesOfWeight {
  readonly weight: Expression
  readonly slopes: readonly PairSlope[]
}

/** Groups slopes by their weights. */
export function byWeight(slopes: readonly PairSlope[]): readonly SlopesOfWeight[] {
  const groups: { weight: Expression; slopes: PairSlope[] }[] = []
  for (const slope of slopes) {
    const same = groups.find(({ weight }) => equals(weight, slope.weight))
    if (same === undefined) groups.push({ weight: slope.weight, slopes: [slope] })
    else same.slopes.push(slope)
  }
  return groups
}

/** Columns that a function of the partner takes: one where it is the same for all entries. */
export const columnsOf = ({ partner }: PairSlope, width: number): number =>
  mentions(partner, entryName) ? width : 1

/** Whether the values are the partner's rows themselves. */
export const isRowItself = ({ partner }: PairSlope): boolean =>
  partner.kind === 'element' && partner.index.kind === 'variable' && partner.index.name === entryName
