/** How a row of the message table is made. */
import type { Diagnostic, Severity, Span } from '../diagnostic.ts'

/** What is said, and what to try where there is a likely fix. */
export type Wording = string | { readonly message: string; readonly help: string | undefined }

/** Called with the place and with what the sentence needs, gives the diagnostic. */
export interface Message<Data extends readonly unknown[]> {
  (span: Span, ...data: Data): Diagnostic
  readonly code: string
  readonly severity: Severity
}

const message =
  (severity: Severity) =>
  <Data extends readonly unknown[]>(code: string, wording: (...data: Data) => Wording): Message<Data> => {
    const diagnose = (span: Span, ...data: Data): Diagnostic => {
      const words = wording(...data)
      if (typeof words === 'string') return { code, severity, message: words, span }
      const { message, help } = words
      return help === undefined ? { code, severity, message, span } : { code, severity, message, span, help }
    }
    return Object.assign(diagnose, { code, severity })
  }

export const error = message('error')
export const warning = message('warning')

/** `a`, `b` or `c` */
export function alternatives(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``)
  const last = quoted.pop() ?? ''
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`
}

/** The help that proposes another spelling, where one is near. */
export const didYouMean = (name: string | undefined): string | undefined =>
  name === undefined ? undefined : `did you mean \`${name}\`?`
