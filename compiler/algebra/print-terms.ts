/** Scaled terms and blocks of features as text. */
import { print as printExpression } from '../symbolic/print.ts'
import type { FeatureBlock, ScaledTerm } from './terms.ts'

/** The blocks of φ of one side, each with its term and its parity. */
export function printBlocks(title: string, blocks: readonly FeatureBlock[]): readonly string[] {
  return blocks.flatMap((block, n) => [
    ...printTerm(`${title}, block ${n} of ${block.size}`, block),
    ...(block.projectedExponent === undefined
      ? []
      : [`    of which w  ${printExpression(block.projectedExponent)}`]),
    `    parity in x ${block.parity}`,
  ])
}

/** A value with its coefficient, exponent and sign, one line each. */
export function printTerm(
  title: string,
  { value, coefficient, exponent, sign }: ScaledTerm,
): readonly string[] {
  return [
    `  ${title}`,
    `    value       ${printExpression(value)}`,
    ...(exponent === undefined
      ? []
      : [`    coefficient ${printExpression(coefficient)}`, `    exponent    ${printExpression(exponent)}`]),
    `    sign        ${sign}`,
  ]
}
