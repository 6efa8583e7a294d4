/** Of every code what it means and what to do, for `attnc explain CODE`: beyond the sentence that a finding gets. */
import { compilationExplanations } from './messages/compilation.ts'
import { declarationExplanations } from './messages/declarations.ts'
import { evaluationExplanations } from './messages/evaluations.ts'
import { expressionExplanations } from './messages/expressions.ts'
import { recurrenceExplanations } from './messages/recurrences.ts'
import { settingExplanations } from './messages/settings.ts'
import { syntaxExplanations } from './messages/syntax.ts'
import type { Severity } from './diagnostic.ts'
import { messages } from './messages.ts'

const explanations: Readonly<Record<keyof typeof messages, string>> = {
  ...syntaxExplanations,
  ...declarationExplanations,
  ...expressionExplanations,
  ...settingExplanations,
  ...evaluationExplanations,
  ...recurrenceExplanations,
  ...compilationExplanations,
}

export interface Explanation {
  readonly code: string
  readonly severity: Severity
  /** What is wrong in a few words. */
  readonly title: string
  /** What it means, and what to do. */
  readonly text: string
}

/** Of all codes, in their order. */
export const explained: readonly Explanation[] = Object.entries(messages)
  .map(([name, { code, severity }]) => ({
    code,
    severity,
    title: name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
    text: explanations[name as keyof typeof messages],
  }))
  .sort((left, right) => left.code.localeCompare(right.code))
