/** Where the rules leave what they find. */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'

/** Takes one finding. */
export type Report = (diagnostic: Diagnostic) => void

/** Keeps the first of equal findings: a feature used by two attentions is wrong once. */
export class Findings {
  readonly diagnostics: Diagnostic[] = []
  private readonly seen = new Set<string>()

  readonly report: Report = (diagnostic) => {
    const { code, span } = diagnostic
    const key = `${code} ${span.start} ${span.end}`
    if (this.seen.has(key)) return
    this.seen.add(key)
    this.diagnostics.push(diagnostic)
  }
}

/** Puts every finding at one place, for text that the reader of the file does not see. */
export const reportAt =
  (span: Span, report: Report): Report =>
  (diagnostic) => {
    report({ ...diagnostic, span })
  }

/** Runs a rule and tells whether it found an error. */
export function soundly(report: Report, rule: (report: Report) => void): boolean {
  let sound = true
  rule((diagnostic) => {
    if (diagnostic.severity === 'error') sound = false
    report(diagnostic)
  })
  return sound
}
