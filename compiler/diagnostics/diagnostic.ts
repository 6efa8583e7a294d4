/**
 * What the compiler says to the person who wrote the file.
 *
 * A diagnostic is data: a stable code, a place, a sentence, and perhaps a fix.
 * Stages collect diagnostics and never throw them; what a stage throws is a
 * defect of the compiler itself (see `invariant.ts`). Rendering is `render.ts`.
 */

/** A range of the source text, half open, in UTF-16 code units from 0. */
export interface Span {
  readonly start: number
  readonly end: number
}

export type Severity = 'error' | 'warning'

export interface Diagnostic {
  /** Stable, such as `A0102`. Every code is one row of `messages.ts`. */
  readonly code: string
  readonly severity: Severity
  readonly message: string
  readonly span: Span
  /** What to try, where there is a likely fix. */
  readonly help?: string
}

/** A text and the name to show for it; spans point into `text`. */
export interface Source {
  readonly file: string
  readonly text: string
}
