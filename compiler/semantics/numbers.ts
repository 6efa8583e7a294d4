/** Settings whose value is a constant number. */
import { invariant } from '../diagnostics/invariant.ts'
import { messages } from '../diagnostics/messages.ts'
import type { Expression } from '../syntax/ast.ts'
import { elaborate } from './elaborate.ts'
import { referencesOf } from './references.ts'
import type { Report } from './report.ts'
import { constantScope } from './scope.ts'
import type { Sizes } from './place.ts'

function numberOf(
  tree: Expression,
  setting: string,
  sizes: Sizes | undefined,
  report: Report,
): number | undefined {
  const expression = elaborate(tree, constantScope(setting, sizes), report)
  if (expression === undefined) return undefined
  invariant(expression.kind === 'constant', 'an expression of constants folds to a constant')
  return expression.value
}

/** Sizes that stand in for unknown ones do so only for what mentions them. */
function sizesFor(tree: Expression, sizes: Sizes | undefined): Sizes | undefined {
  if (sizes?.standIn !== true) return sizes
  const mentioned = referencesOf([tree])
  return { ...sizes, standIn: mentioned.has('dim') || mentioned.has('projections') }
}

/** An integer from `least` to `most`; `what` is how a sentence names it. */
export function integerOf(
  tree: Expression,
  { what, setting, least, most }: { what: string; setting: string; least: number; most: number },
  given: Sizes | undefined,
  report: Report,
): number | undefined {
  const sizes = sizesFor(tree, given)
  const value = numberOf(tree, setting, sizes, report)
  if (value === undefined) return undefined
  if (Number.isInteger(value) && least <= value && value <= most) return value
  if (sizes?.standIn !== true) report(messages.integerRange(tree.span, what, least, most, value))
  return undefined
}

/** A number for which `holds`; `range` says so in words. */
export function realOf(
  tree: Expression,
  { setting, range, holds }: { setting: string; range: string; holds: (value: number) => boolean },
  given: Sizes | undefined,
  report: Report,
): number | undefined {
  const sizes = sizesFor(tree, given)
  const value = numberOf(tree, setting, sizes, report)
  if (value === undefined || holds(value)) return value
  if (sizes?.standIn !== true) report(messages.numberRange(tree.span, `\`${setting}\``, range, value))
  return undefined
}
