/**
 * Everything the compiler says about a file, one row per code. A row turns the
 * data of a finding into words; no other file words a diagnostic.
 *
 *     A01xx  syntax          A03xx  expressions
 *     A02xx  declarations    A04xx  settings
 *     A05xx  what is not compiled yet
 */
import { compilationMessages } from './messages/compilation.ts'
import { declarationMessages } from './messages/declarations.ts'
import { evaluationMessages } from './messages/evaluations.ts'
import { expressionMessages } from './messages/expressions.ts'
import { recurrenceMessages } from './messages/recurrences.ts'
import { settingMessages } from './messages/settings.ts'
import { syntaxMessages } from './messages/syntax.ts'

export const messages = {
  ...syntaxMessages,
  ...declarationMessages,
  ...expressionMessages,
  ...settingMessages,
  ...evaluationMessages,
  ...recurrenceMessages,
  ...compilationMessages,
}
