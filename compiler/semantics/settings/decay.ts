/** `decay`: γ of a head, held to (0, 1] for the heads that there may be. */
import { messages } from '../../diagnostics/messages.ts'
import { constant, variable } from '../../symbolic/build.ts'
import type { Expression } from '../../symbolic/expression.ts'
import type * as ast from '../../syntax/ast.ts'
import { elaborate } from '../elaborate.ts'
import { limits } from '../limits.ts'
import type { Report } from '../report.ts'
import { decayScope } from '../scope.ts'
import { single } from '../settings.ts'
import { readable } from './context.ts'
import type { Context } from './context.ts'

/** Absent where every head's decay is 1. */
export function readDecay(context: Context): Expression | undefined {
  const { sizes, report } = context
  const setting = readable(context, 'decay')
  const item = setting && single(setting, report)
  if (item === undefined) return undefined
  const decay = elaborate(item, decayScope(sizes, variable('head')), report)
  if (decay === undefined) return undefined
  const wrong = sizes.standIn ? undefined : firstWrong(item, context)
  if (wrong === undefined) return decay.kind === 'constant' && decay.value === 1 ? undefined : decay
  report(messages.decayRange(item.span, wrong.head, wrong.value))
  return undefined
}

function firstWrong(item: ast.Expression, { sizes }: Context): { head: number; value: number } | undefined {
  for (let head = 0; head < limits.heads; head++) {
    const value = valueFor(item, head, sizes)
    if (!(value > 0 && value <= 1)) return { head, value }
  }
  return undefined
}

/** With the head's index in its place the expression folds to a number. */
function valueFor(item: ast.Expression, head: number, sizes: Context['sizes']): number {
  const silent: Report = () => undefined
  const value = elaborate(item, decayScope(sizes, constant(head)), silent)
  return value?.kind === 'constant' ? value.value : Number.NaN
}
