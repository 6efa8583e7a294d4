/** What `attnc fmt` does. */
import { arrange } from '../diagnostics/arrange.ts'
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts'
import { parse } from './parse.ts'
import { print } from './print.ts'

/** A file in its canonical form, or why it has none. */
export interface Formatted {
  /** Absent where the file has syntax errors: nobody's text is rewritten by guesswork. */
  readonly text?: string
  readonly diagnostics: readonly Diagnostic[]
}

/** Parses and prints; the tree stays the same. */
export function format(source: Source): Formatted {
  const { file, diagnostics } = parse(source)
  if (diagnostics.length > 0) return { diagnostics: arrange(diagnostics) }
  return { text: print(file, source.text), diagnostics }
}
