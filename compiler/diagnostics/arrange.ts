/** Diagnostics in the order of the text, and no more of them than anyone reads. */
import type { Diagnostic } from './diagnostic.ts'
import { messages } from './messages.ts'

export const shownAtMost = 50

export function arrange(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const ordered = diagnostics.toSorted((a, b) => a.span.start - b.span.start || a.span.end - b.span.end)
  if (ordered.length <= shownAtMost) return ordered
  // An error may come after fifty warnings; what fails the file must be among what is shown.
  const errorsFirst = ordered.toSorted(
    (a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'),
  )
  const shown = new Set(errorsFirst.slice(0, shownAtMost))
  const next = ordered.find((diagnostic) => !shown.has(diagnostic))
  const kept = ordered.filter((diagnostic) => shown.has(diagnostic))
  return next === undefined ? kept : [...kept, messages.moreOmitted(next.span, ordered.length - kept.length)]
}
