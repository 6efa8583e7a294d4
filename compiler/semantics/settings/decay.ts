/** `decay`: γ of a head, held to (0, 1] for the heads that there may be. */
import { messages } from '../../diagnostics/messages.ts'
import { constant, variable } from '../../symbolic/build.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { print } from '../../symbolic/print.ts'
import type * as ast from '../../syntax/ast.ts'
import { elaborate } from '../elaborate.ts'
import type { Report } from '../report.ts'
import { decayScope } from '../scope.ts'
import { isClosed } from './invariants.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { expressionOf, isBroken, spanOf } from './value.ts'

/** Heads for which a decay is held to its range. */
const heads = 64

/** Absent where every head's decay is 1. */
function read(context: Context): Expression | undefined {
  const { sizes, report } = context
  const item = expressionOf(context, 'decay')
  if (item === undefined) return undefined
  const decay = elaborate(item, decayScope(sizes, variable('head')), report)
  if (decay === undefined) return undefined
  const wrong = sizes.standIn ? undefined : firstWrong(item, context)
  if (wrong === undefined) return decay.kind === 'constant' && decay.value === 1 ? undefined : decay
  report(messages.decayRange(item.span, wrong.head, wrong.value))
  return undefined
}

function firstWrong(item: ast.Expression, { sizes }: Context): { head: number; value: number } | undefined {
  for (let head = 0; head < heads; head++) {
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

const isCarried: Rule = (context) => {
  const { declaration, settings, draft, report } = context
  if (!settings.has('decay') || declaration.incomplete === true) return
  const span = spanOf(context, 'decay')
  if (!settings.has('feature')) report(messages.decayNeedsFeature(span))
  const written = settings.get('mask')
  const unread = draft.mask === undefined || (written !== undefined && isBroken(written))
  if (!unread && draft.mask.kind !== 'causal') report(messages.decayNeedsCausal(span))
}

/** γ, absent where it is 1 for every head. */
export const decay: SettingRecord<'decay'> = {
  name: 'decay',
  read(context) {
    const decay = read(context)
    return decay ? { decay } : {}
  },
  rules: [isCarried],
  verify({ decay, mask, evaluation }, promise) {
    if (decay === undefined) return
    promise(mask.kind === 'causal' && evaluation === 'factorised', 'decay is causal and factorised')
    promise(decay.type.kind === 'scalar' && isClosed(decay, ['head']), 'decay is a scalar closed over head')
  },
  print: ({ decay }) => decay && print(decay),
}
