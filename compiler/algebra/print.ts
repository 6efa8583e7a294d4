/** The attention as text, for `explain` and for golden files. */
import { print as printExpression } from '../symbolic/print.ts'
import { printAction } from './action.ts'
import type { Attention, Mask, RowOperand, Stabilize } from './attention.ts'
import { printDivision } from './division.ts'
import { actionOf, outputOf } from './facts.ts'
import { isOperation, operationsOf, recordOf } from './operations/index.ts'

/** One line a fact; expressions as the language writes them. */
export function print(attention: Attention): string {
  return [...describe(attention), ''].join('\n')
}

function describe(attention: Attention): readonly string[] {
  const { name, dim, valueDim, scale, mask, division, stabilize } = attention
  const details = operationsOf(attention.steps).map(
    (operation) => recordOf(operation).details?.(operation, attention) ?? [],
  )
  // Steps that share a kernel have the same details.
  const distinct = new Map(details.map((lines) => [lines.join('\n'), lines]))
  return [
    `attention ${name}`,
    `  rows        q, k of ${dim}, v of ${valueDim}; q and k times ${Math.sqrt(scale)}`,
    ...printSteps(attention),
    `  mask        ${printMask(mask)}`,
    ...printAction(actionOf(attention)),
    `  normalize   ${printDivision(division)}`,
    `  stabilize   ${printStabilize(stabilize)}`,
    ...[...distinct.values()].flat(),
  ]
}

/** The weights of a single step, or every step by the name of its rows. */
function printSteps(attention: Attention): readonly string[] {
  const { steps } = attention
  const output = outputOf(attention)
  const named = new Set<RowOperand>(steps)
  const formula = (operand: RowOperand): string => {
    if (operand.kind === 'call') return operand.of
    if (operand.kind === 'given') return operand.weight
    return named.has(operand) ? operand.result : recordOf(operand).formula(operand, formula)
  }
  if (steps.length === 1 && !recordOf(output).operands(output).some(isOperation))
    return [`  weights     ${recordOf(output).weights?.(output) ?? formula(output)}`]
  return ['  steps', ...steps.map((step) => `    ${step.result} = ${recordOf(step).formula(step, formula)}`)]
}

function printMask(mask: Mask): string {
  if (mask.kind === 'none') return 'every key'
  return mask.kind === 'causal' ? 'keys j <= i' : `keys with ${printExpression(mask.condition)}`
}

function printStabilize(stabilize: Stabilize): string {
  if (stabilize.kind === 'auto') return 'carried log-scale'
  return stabilize.kind === 'none' ? 'as written' : `subtract maxima, add ${stabilize.offset}`
}
