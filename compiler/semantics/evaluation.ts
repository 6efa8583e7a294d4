/** Ways of evaluating an attention: which one its settings ask for, and that they ask for one. */
import { messages } from '../diagnostics/messages.ts'
import { freeVariables } from '../symbolic/traverse.ts'
import type { Evaluation } from './model.ts'
import { settingRecords } from './settings/index.ts'
import type { Rule, SettingRecord, Settings } from './settings/setting.ts'
import { spanOf } from './settings/value.ts'

const waysOf = (settings: Settings): readonly SettingRecord[] =>
  settingRecords.filter(({ name, evaluation }) => evaluation !== undefined && settings.has(name))

/** Settings that name two ways are an error, which `oneWay` reports. */
export const evaluationOf = (settings: Settings): Evaluation => waysOf(settings).at(-1)?.evaluation ?? 'exact'

/** An attention has one way of evaluation. */
export const oneWay: Rule = (context) => {
  const [first, ...others] = waysOf(context.settings)
  for (const { name, beside } of others) {
    const span = spanOf(context, name)
    if (first) context.report(beside?.(span) ?? messages.evaluatedTwice(span, first.name, name))
  }
}

/** An attention has a score: a kernel, or a feature. */
export const hasScore: Rule = (context) => {
  const { declaration, settings, report } = context
  if (settings.has('kernel') || settings.has('feature') || declaration.incomplete === true) return
  const [way] = waysOf(settings)
  const { span, text } = declaration.name
  report((way && way.withoutKernel?.(spanOf(context, way.name))) ?? messages.noScore(span, text))
}

/** Some settings apply to some ways of evaluation. */
export const appliesToWay: Rule = (context) => {
  const [way] = waysOf(context.settings)
  if (way?.evaluation === undefined) return
  for (const { name, ways } of settingRecords)
    if (ways?.includes(way.evaluation) === false && context.settings.has(name))
      context.report(messages.notBesides(spanOf(context, name), name, way.name))
}

/** Rows that an attention makes in between have no place, head or data of their own: kernels of them see rows alone. */
export const seesRowsAlone: Rule = (context) => {
  const { settings, draft, report } = context
  const [way] = waysOf(settings)
  if (draft.kernel === undefined || way === undefined || way.evaluation === 'factorised') return
  const more = [...freeVariables(draft.kernel)].find((name) => name !== 'q' && name !== 'k')
  if (more !== undefined) report(messages.kernelSeesMore(spanOf(context, 'kernel'), more, way.name))
}
