/** `decay`: γ of a token; where it is of the head alone, held to [0, 1] for the heads that there may be. */
import { messages } from '../../diagnostics/messages.ts'
import { constant, variable } from '../../symbolic/build.ts'
import { components } from '../../symbolic/components.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { describeType } from '../../symbolic/operators.ts'
import { print } from '../../symbolic/print.ts'
import { rangeOf } from '../../symbolic/range.ts'
import { simplify } from '../../symbolic/simplify.ts'
import { freeVariables } from '../../symbolic/traverse.ts'
import type * as ast from '../../syntax/ast.ts'
import { isCausal } from '../data.ts'
import { headsInSight } from '../model.ts'
import { elaborate } from '../elaborate.ts'
import type { Report } from '../report.ts'
import { decayScope } from '../scope.ts'
import { isShortEnough } from '../written-out.ts'
import { dataOf } from './data.ts'
import { isClosed } from './invariants.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { expressionOf, isBroken, spanOf } from './value.ts'

const heads = headsInSight

/** Absent where every head's decay is 1. */
function read(context: Context): Expression | undefined | 'wrong' {
  const { sizes, report, draft } = context
  const item = expressionOf(context, 'decay')
  if (item === undefined) return undefined
  const data = dataOf(context)
  const decay = elaborate(item, decayScope(sizes, data), report)
  if (decay === undefined) return 'wrong'
  // One of the head alone is a number for each head, computed beforehand.
  const closed = [...freeVariables(decay)].every((name) => name === 'head' || name === 'heads')
  if (!closed && !isShortEnough(decay, item.span, report)) return 'wrong'
  const { type } = decay
  const width = draft.feature?.features ?? sizes.dim
  const fits = type.kind === 'scalar' || (type.kind === 'vector' && type.size === width)
  if (!fits && !sizes.standIn) {
    const of = draft.feature === undefined ? 'dim' : 'the features'
    report(messages.decayType(item.span, describeType(type), of, width))
    return 'wrong'
  }
  if (sizes.standIn) return decay
  const wrong = closed ? firstWrong(item, context) : outside(decay)
  if (wrong === undefined) return isConstant(decay, 1) ? undefined : decay
  if (wrong.head === undefined) report(messages.decayOutside(item.span, wrong.value))
  else report(messages.decayRange(item.span, wrong.head, wrong.value))
  return 'wrong'
}

const isConstant = (expression: Expression, value: number): boolean =>
  expression.kind === 'constant' && expression.value === value

interface Wrong {
  readonly head?: number
  readonly value: number
}

/** A decay that depends on the call is wrong where no value of it is in [0, 1]. */
function outside(decay: Expression): Wrong | undefined {
  const { low, high } = rangeOf(simplify(components(decay, variable('component'))))
  return low > 1 ? { value: low } : high < 0 ? { value: high } : undefined
}

function firstWrong(item: ast.Expression, context: Context): Wrong | undefined {
  for (let head = 0; head < heads; head++) {
    const value = valueFor(item, head, context)
    if (!(value >= 0 && value <= 1)) return { head, value }
  }
  return undefined
}

/** With the head's index in its place the expression folds to a number, or a vector does to numbers. */
function valueFor(item: ast.Expression, head: number, context: Context): number {
  const silent: Report = () => undefined
  const of = { head: constant(head), heads: constant(heads) }
  const value = elaborate(item, decayScope(context.sizes, dataOf(context), of), silent)
  return value?.kind === 'constant' ? value.value : Number.NaN
}

const isCarried: Rule = (context) => {
  const { declaration, settings, draft, report } = context
  if (!settings.has('decay') || declaration.incomplete === true) return
  const span = spanOf(context, 'decay')
  const written = settings.get('mask')
  const unread = draft.mask === undefined || (written !== undefined && isBroken(written))
  const causal = isCausal(declaration) && !(draft.mask?.kind === 'causal' && draft.mask.fromEnd === true)
  if (!unread && !causal) report(messages.decayNeedsCausal(span))
}

/** γ, absent where it is 1 for every head. */
export const decay: SettingRecord<'decay'> = {
  name: 'decay',
  read(context) {
    const decay = read(context)
    if (decay === 'wrong') return undefined
    return decay ? { decay } : {}
  },
  ways: ['exact', 'factorised'],
  rules: [isCarried],
  verify({ decay, mask, evaluation }, promise) {
    if (decay === undefined) return
    promise(mask.kind !== 'none', 'decay is causal')
    promise(evaluation === 'factorised' || evaluation === 'exact', 'decay is of a state or of pairs')
    promise(isClosed(decay, ['head', 'heads']), 'decay is closed over heads and tensors')
  },
  // Queries of pairs see it, too: of the tokens up to their own.
  bodies: ({ decay, evaluation }) =>
    decay
      ? [
          { at: 'keyLength', expression: decay },
          ...(evaluation === 'exact' ? [{ at: 'length', expression: decay } as const] : []),
        ]
      : [],
  print: ({ decay }) => decay && print(decay),
}
