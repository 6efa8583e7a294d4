/** `update`: what a token makes of the state, affine in the state before it. */
import { messages } from '../../diagnostics/messages.ts'
import { components } from '../../symbolic/components.ts'
import { variable } from '../../symbolic/build.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { describeType, scalarOperator } from '../../symbolic/operators.ts'
import { print } from '../../symbolic/print.ts'
import { rangeOf } from '../../symbolic/range.ts'
import { simplify } from '../../symbolic/simplify.ts'
import { traverse } from '../../symbolic/traverse.ts'
import { elaborate } from '../elaborate.ts'
import type { UpdateModel } from '../model.ts'
import { normalForm, seesState } from '../recurrence.ts'
import { updateScope } from '../scope.ts'
import { isShortEnough } from '../written-out.ts'
import { dataOf } from './data.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { expressionOf, spanOf } from './value.ts'

/** Whether a model can be made without; what is wrong has been said. */
function read(context: Context): UpdateModel | undefined | 'wrong' {
  const { sizes, draft, report } = context
  const item = expressionOf(context, 'update')
  if (item === undefined) return context.settings.has('update') ? 'wrong' : undefined
  const { feature, valueDim } = draft
  // Without features `update` is out of place, which a rule says.
  if (feature === undefined || valueDim === undefined) return 'wrong'
  const size = { features: feature.features, valueDim }
  const written = elaborate(item, updateScope(sizes, dataOf(context), size, draft), report)
  if (written === undefined) return 'wrong'
  if (written.type.kind !== 'state') {
    report(messages.updateNotState(item.span, describeType(written.type)))
    return 'wrong'
  }
  if (!isShortEnough(written, item.span, report)) return 'wrong'
  const update = normalForm(written)
  if (!('why' in update)) return update
  report(messages.notAffine(item.span, print(update.part), update.why))
  return 'wrong'
}

const isCarried: Rule = (context) => {
  const { declaration, settings, draft, report } = context
  if (!settings.has('update') || declaration.incomplete === true) return
  const span = spanOf(context, 'update')
  if (!settings.has('feature')) report(messages.updateNeedsFeature(span))
  else if (draft.mask !== undefined && draft.mask.kind !== 'causal') report(messages.updateNeedsCausal(span))
}

const readsPlainly: Rule = (context) => {
  const { draft, report } = context
  const { update, feature, normalize } = draft
  if (update === undefined || !seesState(update.written)) return
  const span = spanOf(context, 'update')
  if (normalize === 'sum') report(messages.readNormalised(span))
  const blocks = [...(feature?.query ?? []), ...(feature?.key ?? [])]
  const grows = blocks.flatMap(traverse).find(isUnbounded)
  if (grows !== undefined) report(messages.readUnbounded(span, print(grows)))
}

/** An exponential without an upper bound. */
function isUnbounded(node: Expression): boolean {
  if (node.kind !== 'apply' || scalarOperator(node.operator)?.growth.kind !== 'exponential') return false
  return rangeOf(simplify(components(node, variable('component')))).high === Infinity
}

/** S ← …, absent where it is decay·S + k vᵀ. */
export const update: SettingRecord<'update'> = {
  name: 'update',
  read(context) {
    const update = read(context)
    if (update === 'wrong') return undefined
    return update ? { update } : {}
  },
  rules: [isCarried, readsPlainly],
  verify({ update, evaluation, mask }, promise) {
    if (update === undefined) return
    promise(evaluation === 'factorised' && mask.kind === 'causal', 'an update is causal and factorised')
    promise(update.written.type.kind === 'state', 'an update is a state')
  },
  bodies: ({ update }) => (update ? [{ at: 'keyLength', expression: update.written }] : []),
  print: ({ update }) => update && print(update.written),
  printParts({ update }) {
    if (update === undefined) return []
    const { scale, writes, reads } = update
    const terms = [
      `${print(scale)} ∘ S`,
      ...writes.map(({ x, y }) => `(${print(x)}) (${print(y)})ᵀ`),
      ...reads.map(({ x, by, a }) => `(${print(x)}) (${print(by)} ∘ (${print(a)})ᵀS)ᵀ`),
    ]
    return [['  affine', terms.join(' + ')]]
  },
}
